"""The command trainer against real commands: small Python programs that train well, badly, or not at all."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from rft.errors import InputError, TrainerError
from rft.models import check_model
from rft.registry import build, load
from rft.trainers import TRAINERS
from rft.trainers.command import CommandTrainer
from tests.small_models import small_model

COPY = "import shutil, sys; shutil.copytree(sys.argv[1], sys.argv[2], dirs_exist_ok=True); print('trained')"
SLEEP = "import pathlib, sys, time; pathlib.Path(sys.argv[1], 'started').touch(); time.sleep(60)"


@pytest.fixture
def base(tmp_path: Path) -> str:
    return str(small_model(tmp_path / "base"))


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    file = tmp_path / "export" / "prompt_completion.jsonl"
    file.parent.mkdir()
    file.write_text('{"prompt": "1 + 1 =", "completion": " 2"}\n')
    return file


def trainer(code: str, *arguments: str, **options: Any) -> CommandTrainer:
    return CommandTrainer([sys.executable, "-c", code, *arguments, "{train_file}"], **options)


def test_a_config_builds_it() -> None:
    cls = load("trainer", "command", TRAINERS)
    built = build("trainer", "command", cls, {"command": "train {train_file} {out}", "timeout_s": 5})
    assert built == CommandTrainer("train {train_file} {out}", timeout_s=5.0)
    with pytest.raises(InputError, match="did you mean 'command'"):
        build("trainer", "command", cls, {"comand": "x"})


def test_it_returns_a_model_that_can_be_loaded(tmp_path: Path, base: str, dataset: Path) -> None:
    model = trainer(COPY, "{base_model}", "{out}").fit(dataset, base, tmp_path / "out")
    assert model == tmp_path / "out" / "model"
    check_model(model)
    assert "trained" in (tmp_path / "out" / "train.log").read_text()
    assert not (tmp_path / "out" / "partial").exists()


def test_a_text_is_split_without_a_shell(tmp_path: Path, base: str, dataset: Path) -> None:
    """Spaces and shell signs in paths stay what they are."""
    odd = tmp_path / "a b; $(touch pwned)"
    command = f"{sys.executable} -c '{COPY}' {{base_model}} {{out}} {{train_file}}".replace(
        COPY, COPY.replace("'", '"')
    )
    check_model(CommandTrainer(command).fit(dataset, base, odd))
    assert not Path("pwned").exists()


def test_the_same_call_after_success_does_not_train_again(tmp_path: Path, base: str, dataset: Path) -> None:
    work = trainer(COPY, "{base_model}", "{out}")
    work.fit(dataset, base, tmp_path / "out")
    work.fit(dataset, base, tmp_path / "out")
    assert (tmp_path / "out" / "train.log").read_text().count("\ntrained\n") == 1
    dataset.write_text('{"prompt": "1 + 2 =", "completion": " 3"}\n')
    work.fit(dataset, base, tmp_path / "out")
    assert (tmp_path / "out" / "train.log").read_text().count("\ntrained\n") == 2


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (
            "import sys; print('epoch 1'); sys.exit('CUDA out of memory')",
            "(?s)ended with status 1; .*epoch 1\nCUDA out of memory$",
        ),
        ("import os; os.kill(os.getpid(), 9)", "status 137"),
        ("pass", "no model that can be loaded: .*config.json is missing"),
        (
            COPY + "; import pathlib; f = pathlib.Path(sys.argv[2], 'config.json'); f.write_text(f.read_text()[:9])",
            "JSON",
        ),
        (COPY + "; import os; os.remove(sys.argv[2] + '/model-00002-of-00002.safetensors')", "is missing"),
        (COPY + "; import os; os.truncate(sys.argv[2] + '/model-00002-of-00002.safetensors', 5000)", "is torn"),
        (
            "import shutil, sys; shutil.copytree(sys.argv[1], sys.argv[2] + '/merged')",
            "lies in merged: set model_subdir",
        ),
    ],
    ids=["fails", "killed", "writes nothing", "torn config", "shard missing", "half a shard", "elsewhere"],
)
def test_a_bad_trainer_is_an_error_and_leaves_no_model(
    tmp_path: Path, base: str, dataset: Path, code: str, said: str
) -> None:
    with pytest.raises(TrainerError, match=said):
        trainer(code, "{base_model}", "{out}").fit(dataset, base, tmp_path / "out")
    assert not (tmp_path / "out" / "model").exists()
    assert (tmp_path / "out" / "train.log").is_file()


def test_the_last_of_several_models_is_taken_in_natural_order(tmp_path: Path, base: str, dataset: Path) -> None:
    code = "import shutil, sys; [shutil.copytree(sys.argv[1], sys.argv[2] + '/epoch_' + n) for n in ('0', '2', '10')]"
    model = trainer(code, "{base_model}", "{out}", model_subdir="epoch_*").fit(dataset, base, tmp_path / "out")
    assert model == tmp_path / "out" / "model" / "epoch_10"


@pytest.mark.parametrize("inside", ["", "./", "./m/..m", "m/*", "**/..m"])
def test_the_models_folder_may_be_spelled_in_any_way(tmp_path: Path, base: str, dataset: Path, inside: str) -> None:
    code = COPY.replace("sys.argv[2]", "sys.argv[2] + '/m/..m'") if "m" in inside else COPY
    model = trainer(code, "{base_model}", "{out}", model_subdir=inside).fit(dataset, base, tmp_path / "out")
    assert model == tmp_path / "out" / "model" / ("m/..m" if "m" in inside else "")


def test_configs_and_environment_are_filled_in(tmp_path: Path, base: str, dataset: Path) -> None:
    (dataset.parent / "messages.jsonl").write_text("{}\n")
    config = tmp_path / "trainer.yaml"
    config.write_text("data: {messages_file}\nout: {out}\nlog: ${output_dir}/{unknown}\n")
    code = "import os, sys; print(open(os.environ['CONFIG']).read()); " + COPY
    arguments = [base, "{out}"]
    work = CommandTrainer(
        [sys.executable, "-c", code, *arguments], configs=[config], env={"CONFIG": "{configs}/trainer.yaml"}
    )
    work.fit(dataset, base, tmp_path / "out")
    log = (tmp_path / "out" / "train.log").read_text()
    assert f"data: {dataset.parent / 'messages.jsonl'}\nout: {tmp_path / 'out' / 'partial'}" in log
    assert "log: ${output_dir}/{unknown}" in log


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("python {train_file} {out} {model}", r"unknown placeholder '\{model\}'; allowed: \{train_file\}"),
        ("python {train_file}", r"name \{out\}"),
        ("python {out}", r"\{train_file\} or \{messages_file\}"),
        ("python {out} {messages_file}", "messages.jsonl does not exist"),
        ("no-such-program {train_file} {out}", "'no-such-program' is not found"),
        ("python '{train_file} {out}", "cannot be split"),
        ("", "is empty"),
    ],
)
def test_a_wrong_command_is_refused_before_it_runs(
    tmp_path: Path, base: str, dataset: Path, command: str, said: str
) -> None:
    with pytest.raises(InputError, match=said):
        CommandTrainer(command).fit(dataset, base, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_an_empty_or_missing_dataset_is_refused(tmp_path: Path, base: str, dataset: Path) -> None:
    dataset.write_text("")
    with pytest.raises(InputError, match="is empty; nothing was selected"):
        trainer(COPY, "{base_model}", "{out}").fit(dataset, base, tmp_path / "out")
    dataset.unlink()
    with pytest.raises(InputError, match="cannot be read"):
        trainer(COPY, "{base_model}", "{out}").fit(dataset, base, tmp_path / "out")


def test_what_a_killed_attempt_left_is_cleared_unless_it_is_to_be_resumed(
    tmp_path: Path, base: str, dataset: Path
) -> None:
    """The program fails once, leaving a checkpoint, and succeeds where it finds one."""
    code = (
        "import os, pathlib, sys; p = pathlib.Path(sys.argv[2], 'checkpoint'); p.exists() or (p.touch(), os._exit(1)); "
    )
    resumable = trainer(code + COPY, "{base_model}", "{out}", resumable=True)
    with pytest.raises(TrainerError):
        resumable.fit(dataset, base, tmp_path / "a")
    check_model(resumable.fit(dataset, base, tmp_path / "a"))
    starting_over = trainer(code + COPY, "{base_model}", "{out}")
    for _ in range(2):
        with pytest.raises(TrainerError):
            starting_over.fit(dataset, base, tmp_path / "b")


def test_a_time_limit_ends_the_whole_group(tmp_path: Path, base: str, dataset: Path) -> None:
    code = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(61.5)']); {SLEEP}"
    with pytest.raises(TrainerError, match="ran longer than 2 s"):
        trainer(code, "{out}", timeout_s=2).fit(dataset, base, tmp_path / "out")
    assert not processes_with("time.sleep(61.5)")


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_the_trainer_ends_with_its_parent(tmp_path: Path, base: str, dataset: Path, how: signal.Signals) -> None:
    """Ctrl-C and kill -9: in both cases nothing goes on, and the next call starts over."""
    mark = f"mark-{how.name}-{os.getpid()}"
    code = f"{SLEEP} # {mark}"
    program = (
        "from pathlib import Path; from rft.trainers.command import CommandTrainer; import sys; "
        "CommandTrainer([sys.executable, '-c', sys.argv[1], '{out}', '{train_file}'])"
        ".fit(Path(sys.argv[2]), sys.argv[3], Path(sys.argv[4]))"
    )
    arguments = [code, str(dataset), base, str(tmp_path / "out")]
    parent = subprocess.Popen([sys.executable, "-c", program, *arguments], stderr=subprocess.DEVNULL)
    wait_for(lambda: (tmp_path / "out" / "partial" / "started").exists())
    assert processes_with(mark)
    parent.send_signal(how)
    parent.wait(20)
    wait_for(lambda: not processes_with(mark))
    check_model(trainer(COPY, "{base_model}", "{out}").fit(dataset, base, tmp_path / "out"))
    assert not (tmp_path / "out" / "model" / "started").exists()


def wait_for(true: Any, limit_s: float = 20) -> None:
    end = time.monotonic() + limit_s
    while not true():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


def processes_with(text: str) -> list[str]:
    """The pids of processes, other than ours, with a text among their arguments."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            line = (folder / "cmdline").read_bytes().decode(errors="replace")
        except OSError:
            continue
        if text in line and int(folder.name) != os.getpid():
            found.append(folder.name)
    return found
