"""A real engine process without a model: it speaks the engine's protocol and misbehaves on demand."""

import subprocess
import sys
import time

from rft.errors import InputError
from rft.processes.parent_watch import guard
from rft.samplers.vllm.link import EngineLink
from rft.types import JSON


def serve(link: EngineLink, settings: JSON) -> None:
    print("loading", flush=True)
    time.sleep(settings.get("load_s", 0))
    if settings.get("load_error"):
        raise RuntimeError(settings["load_error"])
    if settings.get("offspring"):
        subprocess.Popen(["sleep", "600"])
    link.send({"ready": {"capacity": settings.get("capacity", 4)}})
    answered = 0
    while True:
        for message in link.receive(wait=True):
            if message is None:
                return
            if "id" not in message:
                continue
            if answered == settings.get("die_after"):
                raise RuntimeError("out of memory")
            if answered == settings.get("hang_after"):
                time.sleep(600)
            if message["prompt"] == "too long":
                raise InputError("problem long does not fit")
            time.sleep(settings.get("pause_s", 0))
            link.send({"id": message["id"], "text": "ok", "n_tokens": 1, "finish": "stop", "seed": message["seed"]})
            answered += 1


if __name__ == "__main__":
    parent, read, write = map(int, sys.argv[1:])
    guard(parent, (read, write))
    with EngineLink(read, write) as own:
        serve(own, next(own.receive(wait=True)))
