"""Draws candidates with vLLM, on GPUs or on the CPU, each engine in a process of its own.

Guarantees: every requested sample comes out exactly once, as soon as it is finished; an engine that dies or hangs is
replaced and its unfinished samples are drawn again; when the sampler is closed, or this process is gone for whatever
reason, no process of an engine is left and their memory is free.
"""

import os
import queue
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from annotated_types import Ge, Gt, Le

from rft.errors import InputError
from rft.options import Count, Positive
from rft.samplers.vllm.engine import Engine, Event
from rft.samplers.vllm.gpus import is_cpu_build, share_out, visible_gpus
from rft.samplers.vllm.pool import EngineJob, EngineLimits, ReplicaPool
from rft.seeds import derive_seed
from rft.types import JSON, Need, Request, Sample

_OWN_ARGUMENTS = ("model", "seed", "skip_tokenizer_init", "data_parallel_size")

_PACE = (
    *("tensor_parallel_size", "replicas", "gpu_memory_utilization", "max_num_seqs", "max_in_flight", "kv_cache_gib"),
    *("enforce_eager", "max_restarts", "stall_s", "start_timeout_s", "log"),
)


@dataclass
class VllmSampler:
    """The real engine. Options that are None are left to vLLM."""

    needs: ClassVar[frozenset[Need]] = frozenset({"model"})
    pace: ClassVar[frozenset[str]] = frozenset(_PACE)
    """Options that change how fast samples come and where they are computed, never what is asked of the model."""

    model: str
    """A folder, or a hub id."""
    dtype: str = "auto"
    max_model_len: Count | None = None
    """Tokens of prompt and completion together. None: what the model was made for."""
    tensor_parallel_size: Count = 1
    """GPUs per engine."""
    replicas: Count | Literal["auto"] = "auto"
    """Engines side by side. auto: as many as the visible GPUs allow; 1 on the CPU."""
    gpu_memory_utilization: Annotated[float, Gt(0), Le(1)] = 0.9
    max_num_seqs: Count | None = None
    """Samples that are computed side by side in one engine. None: 128 on the CPU."""
    max_in_flight: Count | None = None
    """Samples handed to one engine at a time. None: twice ``max_num_seqs``, so that it never runs dry."""
    enforce_eager: bool | None = None
    """Don't compile the model. None: on the CPU, where compiling takes minutes, yes; else no."""
    kv_cache_gib: Count = 2
    """Size of the key-value cache on the CPU; on a GPU ``gpu_memory_utilization`` rules."""
    request_seeds: bool = True
    """Give every sample its own seed, so that its text does not hang on what else was in the batch's random stream. On
    the CPU this is not possible (the engine has one seed) and ``Sample.seed`` is None."""
    seed: int = 0
    """Of the engine; mixed with the first request, so that neither a restart nor a resumed run repeats a text."""
    trust_remote_code: bool = False
    revision: str | None = None
    chat_template: Path | None = None
    """A Jinja file to use instead of the model's own chat template."""
    engine_args: dict[str, Any] = field(default_factory=dict)
    """Any further arguments of vLLM's ``EngineArgs``."""
    max_restarts: Annotated[int, Ge(0)] = 3
    """How often in a row an engine may die without finishing a sample."""
    stall_s: Positive | None = 600.0
    """An engine that takes no step for so long, with work to do, is ended and replaced."""
    start_timeout_s: Positive = 1800.0
    log: Path | None = None
    """What the engines print goes here (with several: ``log-0`` and so on). None: a temporary file."""

    def __post_init__(self) -> None:
        self._pool: ReplicaPool | None = None
        self._launches = count()
        self._logs: tempfile.TemporaryDirectory[str] | None = None

    def sample(self, requests: Iterable[Request]) -> Iterator[Sample]:
        """Yields every requested sample exactly once, in the order in which they finish.

        The engines are started by the first request and stay until ``close``. Ending the iteration early gives up
        what is in flight.

        Raises:
            InputError: vLLM is not installed, the model or an option cannot be used, or a prompt does not fit.
            EngineError: an engine died more often than allowed, or would not start.
        """
        if self._pool is None:
            self._pool = self._open()
        return self._pool.draw(requests)

    def close(self) -> None:
        """Ends the engines and waits until their processes are gone. Safe to call twice."""
        if self._pool is not None:
            self._pool.close()
            self._pool = None
        if self._logs is not None:
            self._logs.cleanup()
            self._logs = None

    def _open(self) -> ReplicaPool:
        if find_spec("vllm") is None:
            raise InputError(
                "vLLM is not installed; `pip install 'rft[vllm]'` (NVIDIA GPU) or `pip install 'rft[cpu]'` brings it, "
                "and sampler.kind: replay works without"
            )
        self._check()
        shares = share_out([] if is_cpu_build() else visible_gpus(), self.replicas, self.tensor_parallel_size)
        limits = EngineLimits(self.max_in_flight, self.max_restarts, self.stall_s, self.start_timeout_s)

        def launch(replica: int, job: EngineJob, events: "queue.SimpleQueue[Event]") -> Engine:
            command = [sys.executable, "-P", "-m", "rft.samplers.vllm.program"]
            settings = self._settings(replica, job)
            return Engine(
                command, self._environment(shares[replica]), settings, self._log_of(replica, len(shares)), events
            )

        return ReplicaPool(launch, len(shares), f"vllm:{self.model}", limits)

    def _check(self) -> None:
        folder = Path(self.model)
        if folder.exists() and not (folder / "config.json").is_file():
            raise InputError(f"model {self.model} is not a model's folder: it holds no config.json")
        if not folder.exists() and (self.model.startswith((".", "/", "~")) or self.model.count("/") > 1):
            raise InputError(f"model folder {self.model} does not exist; give a folder with a config.json, or a hub id")
        if self.chat_template is not None and not self.chat_template.is_file():
            raise InputError(f"sampler.chat_template {self.chat_template} does not exist")
        for name in _OWN_ARGUMENTS:
            if name in self.engine_args:
                raise InputError(f"sampler.engine_args.{name} is not allowed; see the sampler's own options")

    def _settings(self, replica: int, job: EngineJob) -> JSON:
        request = job.request
        seed = derive_seed(
            self.seed, replica, next(self._launches), request.round, request.problem_id, job.seed, *request.indices
        )
        arguments = {
            "model": self.model,
            "dtype": self.dtype,
            "max_model_len": self.max_model_len,
            "tensor_parallel_size": self.tensor_parallel_size,
            "gpu_memory_utilization": self.gpu_memory_utilization,
            "max_num_seqs": self.max_num_seqs,
            "enforce_eager": self.enforce_eager,
            "trust_remote_code": self.trust_remote_code,
            "revision": self.revision,
            "seed": seed,
        }
        return {
            "model": self.model,
            "engine_args": {k: v for k, v in arguments.items() if v is not None} | self.engine_args,
            "request_seeds": self.request_seeds,
            "chat_template": str(self.chat_template) if self.chat_template else None,
        }

    def _environment(self, gpus: str | None) -> dict[str, str]:
        """Quiet, sends no usage statistics, and needs no network for a model that is a folder."""
        root = str(Path(__file__).parents[3])
        environment = os.environ | {
            "PYTHONPATH": os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")])),
            "VLLM_NO_USAGE_STATS": "1",
            "DO_NOT_TRACK": "1",
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "TOKENIZERS_PARALLELISM": "false",
            "VLLM_CPU_KVCACHE_SPACE": str(self.kv_cache_gib),
            "VLLM_ENGINE_READY_TIMEOUT_S": str(int(self.start_timeout_s)),
        }
        if Path(self.model).is_dir() and not self.trust_remote_code:
            environment["HF_HUB_OFFLINE"] = "1"
        if gpus is not None:
            environment["CUDA_VISIBLE_DEVICES"] = gpus
        return environment

    def _log_of(self, replica: int, replicas: int) -> Path:
        if self.log is None and self._logs is None:
            self._logs = tempfile.TemporaryDirectory(prefix="rft-engine-")
        log = self.log or Path(self._logs.name if self._logs else "") / "engine.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        return log if replicas == 1 else log.with_stem(f"{log.stem}-{replica}")
