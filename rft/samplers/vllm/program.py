"""The program that runs inside the engine's own process: requests in, finished samples out, one JSON object per line.

Started by ``rft.samplers.vllm.engine`` as ``python -m rft.samplers.vllm.program PARENT IN OUT``, where IN and OUT are
the file descriptors of two pipes. The first line that comes in holds the settings, then

    in   {"id": 7, "problem": "gsm8k/17", "prompt": "…" or [{"role": …, "content": …}], "params": {…}, "seed": 42}
    in   {"abort": true}                                        forget what is in flight
    out  {"ready": {"capacity": 256}}                           the model is loaded
    out  {"id": 7, "text": "…", "n_tokens": 31, "finish": "stop", "seed": 42}
    out  {"alive": true}                                        steps are being taken, though none finished anything
    out  {"refused": "…"}                                       the user's to mend: a prompt too long, no such model
    out  {"failed": "…"}                                        the engine raised and is about to die

A prompt is turned into token ids here and sent to vLLM as such: rendered text would be given its BOS twice.
"""

import json
import multiprocessing
import multiprocessing.connection
import os
import signal
import sys
import threading
import time
from functools import lru_cache
from pathlib import Path
from typing import Any

from rft.errors import InputError, unknown
from rft.processes.parent_watch import guard
from rft.prompts.token_ids import prompt_ids
from rft.samplers.vllm.link import EngineLink
from rft.types import JSON

_ALIVE_S = 2.0


class EngineProgram:
    """Loads the model and steps the engine until the requests' pipe is closed."""

    def __init__(self, link: EngineLink, settings: dict[str, Any]) -> None:
        self._link = link
        self._model = settings["model"]
        self._engine, self._on_cpu = load(settings)
        self._seeds: dict[str, int | None] = {}
        """Requests in flight -> the seed each was given."""
        self._request_seeds = settings["request_seeds"] and not self._on_cpu
        template = Path(settings["chat_template"]).read_text("utf-8") if settings["chat_template"] else None
        tokenizer = self._engine.get_tokenizer()

        @lru_cache(maxsize=1024)
        def ids(prompt: str, plain: bool) -> list[int]:
            return prompt_ids(tokenizer, prompt if plain else json.loads(prompt), template, self._model)

        self._ids = ids

    def run(self) -> None:
        """Serves until the end of the input."""
        capacity = self._engine.vllm_config.scheduler_config.max_num_seqs
        threading.Thread(target=_end_with_children, args=(self._link,), daemon=True).start()
        self._link.send({"ready": {"capacity": capacity}})
        spoke = time.monotonic()
        while True:
            for message in self._link.receive(wait=not self._seeds):
                if message is None:
                    return
                try:
                    self._obey(message)
                except InputError as error:
                    self._link.send({"refused": str(error)})
            for output in self._engine.step() if self._seeds else ():
                if output.request_id in self._seeds:
                    self._link.send(self._finished(output))
                    spoke = time.monotonic()
            if time.monotonic() - spoke > _ALIVE_S:
                self._link.send({"alive": True})
                spoke = time.monotonic()

    def _obey(self, message: dict[str, Any]) -> None:
        if message.get("abort"):
            self._engine.abort_request(list(self._seeds))
            self._seeds.clear()
        else:
            self._add(message)

    def _add(self, message: dict[str, Any]) -> None:
        from vllm import SamplingParams
        from vllm.sampling_params import RequestOutputKind

        prompt, number = message["prompt"], str(message["id"])
        ids = self._ids(prompt if isinstance(prompt, str) else json.dumps(prompt), isinstance(prompt, str))
        self._check_fit(message, len(ids))
        # vLLM's CPU build dies of a seed per request: "CPU Generator does not use offset".
        seed = message["seed"] if self._request_seeds else None
        kind = RequestOutputKind.FINAL_ONLY
        try:
            params = SamplingParams(n=1, seed=seed, output_kind=kind, **message["params"])
            # with its type: an input that is ready; without, vLLM renders it once more and warns
            self._engine.add_request(number, {"type": "token", "prompt_token_ids": list(ids)}, params)
        except ValueError as error:
            raise InputError(f"vLLM refused the request of problem {message['problem']}: {error}") from error
        self._seeds[number] = seed

    def _check_fit(self, message: dict[str, Any], n_prompt: int) -> None:
        limit, n_answer = self._engine.vllm_config.model_config.max_model_len, message["params"]["max_tokens"]
        if n_prompt == 0:
            raise InputError(f"problem {message['problem']} has an empty prompt; mend it or list it in task.exclude")
        if n_prompt + n_answer > limit:
            raise InputError(
                f"problem {message['problem']}: its prompt of {n_prompt} tokens and sampling.max_tokens {n_answer} "
                f"make {n_prompt + n_answer}, and the context holds {limit}; shorten the prompt or its examples, lower "
                "sampling.max_tokens, raise sampler.max_model_len, or list the problem in task.exclude"
            )

    def _finished(self, output: Any) -> JSON:
        written = output.outputs[0]
        if written.finish_reason not in ("stop", "length"):
            raise RuntimeError(f"vLLM ended a request with '{written.finish_reason}'")
        return {
            "id": int(output.request_id),
            "text": written.text,
            "n_tokens": len(written.token_ids),
            "finish": written.finish_reason,
            "seed": self._seeds.pop(output.request_id),
        }


def load(settings: dict[str, Any]) -> tuple[Any, bool]:
    """Returns vLLM's engine with the model loaded, and whether it runs on the CPU.

    Raises:
        InputError: an engine argument is unknown, or vLLM cannot use the model or the arguments.
    """
    from vllm.platforms import current_platform

    on_cpu = current_platform.is_cpu()
    from pydantic import ValidationError
    from vllm import EngineArgs, LLMEngine
    from vllm.usage.usage_lib import UsageContext

    arguments: dict[str, Any] = {"enforce_eager": on_cpu, "disable_log_stats": True}
    if on_cpu:
        # vLLM's CPU default is blocks of 128 tokens, so that candidates never share a shorter prompt; with 32 those of
        # a prompt of 40 tokens are sampled 1.7 times as fast (2 cores, 135M model).
        arguments |= {"max_num_seqs": 128, "block_size": 32}
    arguments |= settings["engine_args"]
    known = EngineArgs.__dataclass_fields__
    for name in arguments:
        if name not in known:
            raise unknown("vLLM argument", name, known, where=" in sampler.engine_args")
    # The usage context sets the batch sizes that vLLM takes by default; this one is that of its own LLM class.
    context = UsageContext.LLM_CLASS
    try:
        config = EngineArgs(**arguments).create_engine_config(context)
    except ValidationError as error:
        first = error.errors()[0]
        spot = ".".join(str(part) for part in first["loc"][:1])
        raise InputError(
            f"vLLM refused its {spot or 'arguments'} for model {settings['model']}: {first['msg']}"
        ) from error
    except (ValueError, OSError) as error:
        raise InputError(f"vLLM cannot use model {settings['model']}: {' '.join(str(error).split())}") from error
    return LLMEngine.from_vllm_config(config, usage_context=context, disable_log_stats=True), on_cpu


def _end_with_children(link: EngineLink) -> None:
    """Ends this process when vLLM's engine core ends: a step that waits for it would wait for ever (seen in 0.32)."""
    cores = [child.sentinel for child in multiprocessing.active_children()]
    if cores:
        multiprocessing.connection.wait(cores)
        link.send({"failed": "vLLM's engine core ended"})
        link.close()
        os._exit(1)


def main(arguments: list[str]) -> None:
    """Runs the program."""
    parent, read, write = (int(argument) for argument in arguments)
    guard(parent, (read, write))
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(0))
    with EngineLink(read, write) as link:
        EngineProgram(link, next(link.receive(wait=True))).run()


if __name__ == "__main__":
    main(sys.argv[1:])
