import os
import shutil
import signal
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rft.errors import EngineError, InputError
from rft.samplers.vllm.sampler import VllmSampler
from rft.types import FinishReason, Message, Request, SamplingParams
from tests.samplers.processes import alive, gone_within

pytestmark = pytest.mark.vllm

SMALL: dict[str, Any] = {"max_model_len": 512, "max_num_seqs": 8, "kv_cache_gib": 1}


def requests(n_problems: int, n: int = 4, max_tokens: int = 24, chat: bool = True) -> Iterator[Request]:
    for number in range(n_problems):
        question = f"Once upon a time, {number + 2} children went into the forest. There they"
        messages: tuple[Message, ...] = ({"role": "user", "content": question},)
        prompt = messages if chat else question
        params = SamplingParams(temperature=1.0, max_tokens=max_tokens)
        yield Request(f"p{number}", prompt, 3, tuple(range(n)), tuple(range(n)), params)


def keys(n_problems: int, n: int = 4) -> list[tuple[str, int]]:
    return sorted((f"p{number}", index) for number in range(n_problems) for index in range(n))


@pytest.fixture(scope="module")
def sampler(smollm2: Path) -> Iterator[VllmSampler]:
    sampler = VllmSampler(str(smollm2), **SMALL)
    yield sampler
    sampler.close()


def watcher(sampler: VllmSampler) -> int:
    assert sampler._pool is not None
    return sampler._pool._replicas[0].engine.pid


def test_every_sample_comes_once_and_candidates_differ(sampler: VllmSampler, smollm2: Path) -> None:
    samples = list(sampler.sample(requests(5)))
    assert sorted((s.problem_id, s.index) for s in samples) == keys(5)
    texts = defaultdict(set)
    for sample in samples:
        assert (sample.round, sample.engine, sample.seed) == (3, f"vllm:{smollm2}", None)
        assert 0 < sample.n_tokens <= 24
        assert (sample.finish_reason is FinishReason.LENGTH) == (sample.n_tokens == 24)
        texts[sample.problem_id].add(sample.text)
    assert all(len(of_problem) == 4 for of_problem in texts.values())


def test_token_ids_go_to_the_engine_as_they_are(sampler: VllmSampler) -> None:
    """As vLLM wants them: it warns of prompts that it has to render itself."""
    list(sampler.sample(requests(1, n=1, max_tokens=2)))
    assert sampler._pool is not None
    assert "Passing raw prompts" not in sampler._pool._replicas[0].engine.log.read_text("utf-8", "replace")


def test_a_finished_sample_does_not_wait_for_the_others(sampler: VllmSampler) -> None:
    slow, quick = next(requests(1, n=1, max_tokens=96)), next(requests(1, n=1, max_tokens=2))
    samples = sampler.sample([slow, quick])
    assert next(samples).n_tokens == 2
    assert len(list(samples)) == 1


def test_a_stop_text_ends_a_completion(sampler: VllmSampler) -> None:
    params = SamplingParams(temperature=0.0, max_tokens=24, stop=(" ",))
    (sample,) = sampler.sample([Request("p", "1 2 3 4 5", 0, (0,), (0,), params)])
    assert sample.finish_reason is FinishReason.STOP
    assert " " not in sample.text


def test_a_prompt_that_does_not_fit_is_refused_with_its_numbers(sampler: VllmSampler) -> None:
    params = SamplingParams(max_tokens=400)
    long = Request("long/7", "one two three four " * 50, 0, (0,), (0,), params)
    message = (
        r"problem long/7: its prompt of 2\d\d tokens and sampling.max_tokens 400 make 6\d\d, .* holds 512; .*exclude"
    )
    with pytest.raises(InputError, match=message):
        list(sampler.sample([long]))
    assert len(list(sampler.sample(requests(1)))) == 4


def test_a_stream_given_up_leaves_nothing_for_the_next(sampler: VllmSampler) -> None:
    stream = sampler.sample(requests(8, max_tokens=64))
    next(stream)
    stream.close()  # type: ignore[attr-defined]
    assert sorted((s.problem_id, s.index) for s in sampler.sample(requests(2))) == keys(2)


def test_a_killed_engine_core_is_replaced_and_nothing_is_lost_and_close_leaves_no_process(
    smollm2: Path, tmp_path: Path
) -> None:
    bare = tmp_path / "bare"
    shutil.copytree(smollm2, bare)
    (bare / "chat_template.jinja").unlink()
    sampler = VllmSampler(str(bare), log=tmp_path / "engine.log", **SMALL)
    got, texts, victims = [], [], []
    for sample in sampler.sample(requests(6, chat=False)):
        got.append((sample.problem_id, sample.index))
        texts += [sample.text] if sample.n_tokens == 24 else []
        if len(got) == 3:
            victims = [watcher(sampler), _engine_core(watcher(sampler))]
            os.kill(victims[1], signal.SIGKILL)
    assert sorted(got) == keys(6)
    assert len(set(texts)) == len(texts) > 12  # the second engine does not repeat the first one's stream
    assert alive(victims[0]) == []

    with pytest.raises(InputError, match=r"has no chat template; set prompt.style: plain"):
        list(sampler.sample(requests(1)))

    session = watcher(sampler)
    assert alive(session)
    sampler.close()
    assert alive(session) == []


def _engine_core(session: int) -> int:
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            name, _, rest = (folder / "stat").read_text().rpartition(")")
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(rest.split()[3]) == session and "EngineCor" in name:
            return int(folder.name)
    raise AssertionError("vLLM runs no engine core of its own")


def test_killing_the_sampling_process_takes_every_process_of_the_engine_with_it(smollm2: Path) -> None:
    program = f"""
from rft.samplers.vllm.sampler import VllmSampler
from tests.samplers.test_vllm import SMALL, requests, watcher
sampler = VllmSampler({str(smollm2)!r}, **SMALL)
for sample in sampler.sample(requests(50, max_tokens=64)):
    print(watcher(sampler), flush=True)
"""
    run = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert run.stdout is not None
    session = int(run.stdout.readline())
    assert len(alive(session)) >= 2
    run.kill()
    run.wait()
    run.stdout.close()
    assert gone_within(session, 10.0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"model": "/nowhere/model"}, "model folder /nowhere/model does not exist"),
        ({"engine_args": {"seed": 3}}, r"sampler.engine_args.seed is not allowed"),
        ({"chat_template": Path("/nowhere.jinja")}, r"sampler.chat_template /nowhere.jinja does not exist"),
    ],
)
def test_bad_options_are_refused_before_an_engine_starts(smollm2: Path, options: dict[str, Any], message: str) -> None:
    sampler = VllmSampler(**{"model": str(smollm2)} | options)
    with pytest.raises(InputError, match=message):
        next(sampler.sample(requests(1)))
    sampler.close()


def test_an_unknown_engine_argument_is_refused_with_the_nearest(smollm2: Path) -> None:
    sampler = VllmSampler(str(smollm2), engine_args={"max_num_batched_token": 64})
    with pytest.raises(InputError, match="did you mean 'max_num_batched_tokens'"):
        next(sampler.sample(requests(1)))
    sampler.close()


def test_a_folder_that_holds_no_usable_model_is_refused(tmp_path: Path) -> None:
    empty = VllmSampler(str(tmp_path))
    with pytest.raises(InputError, match=r"it holds no config.json"):
        next(empty.sample(requests(1)))
    (tmp_path / "config.json").write_text('{"architectures": ["LlamaForCausalLM"], "model_type": "llama"}')
    broken = VllmSampler(str(tmp_path), **SMALL)
    with pytest.raises(
        (InputError, EngineError), match=r"vLLM cannot use model|could not load the model; its last error"
    ):
        next(broken.sample(requests(1)))
    broken.close()
