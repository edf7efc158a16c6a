"""The M-step as a command of the user's: any trainer that reads a file and leaves a model folder.

The command runs without a shell, in a process group that ends with ours. Its output goes to ``out/train.log``; what it
writes under ``{out}`` counts only once it has ended with status 0 and the model there can be loaded.
"""

import os
import re
import shlex
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePath

from rft.errors import InputError, TrainerError
from rft.options import Positive
from rft.processes.command import TimeLimitError, run_logged, tail
from rft.trainers.output import begin, fingerprint, finished, loadable, publish

PLACEHOLDERS = ("train_file", "messages_file", "base_model", "out", "configs")
_PLACEHOLDER = re.compile(r"(?<!\$)\{(\w+)\}")
"""``${name}`` is left alone: configs of trainers use it for interpolations of their own."""


@dataclass
class CommandTrainer:
    """Fine-tunes by running a command; the fields are its options in a config.

    Placeholders: ``{train_file}`` JSONL of prompt and completion; ``{messages_file}`` the same rows as chat messages;
    ``{base_model}`` a folder or hub id; ``{out}`` an empty folder for the model; ``{configs}`` the folder of the
    filled-in ``configs``.
    """

    command: str | list[str]
    """Program and arguments with placeholders; a text is split as a shell would, without running one."""
    configs: list[Path] = field(default_factory=list)
    """The trainer's own config files; copied to ``{configs}`` with the placeholders in them filled in."""
    env: dict[str, str] = field(default_factory=dict)
    """Variables on top of this process's own; values may hold placeholders."""
    cwd: Path | None = None
    """Where the command runs; None: where ``rft`` runs."""
    timeout_s: Positive | None = None
    model_subdir: str = "."
    """Where under ``{out}`` the model lies; a pattern such as ``epoch_*`` means the last match in natural order."""
    resumable: bool = False
    """True: after an interruption ``{out}`` is handed over as it was left, for commands that go on from checkpoints."""

    def check(self) -> None:
        """Finds what can be known to be wrong before there is a dataset.

        Raises:
            InputError: a placeholder is unknown or missing, the program, a config or ``cwd`` is not found, or an
                option cannot be used.
        """
        command = self._arguments()
        _check_placeholders(command, self.env, self._read_configs())
        inside = PurePath(self.model_subdir)
        # pathlib takes ** only as a whole part of a pattern
        if inside.is_absolute() or any(part == ".." or ("**" in part and part != "**") for part in inside.parts):
            raise InputError(
                f"trainer 'command', option 'model_subdir' is '{self.model_subdir}'; a folder inside {{out}} is wanted"
            )
        for name in self.env:
            if not name or "=" in name:
                raise InputError(f"trainer 'command', option 'env': '{name}' cannot be a variable's name")
        if any("\0" in text for text in [*command, *self.env, *self.env.values()]):
            raise InputError("trainer 'command': a NUL character stands in the command or in env; take it out")
        if self.cwd is not None and not self.cwd.is_dir():
            raise InputError(f"trainer 'command', option 'cwd': folder {self.cwd} does not exist")
        self._check_program(command[0])

    def fit(self, dataset: Path, base_model: str, out: Path) -> Path:
        """Runs the command and returns the checked model folder under ``out/model``; see ``rft.types.Trainer``.

        The same call after success returns at once; after an interruption the command runs again.

        Raises:
            InputError: a placeholder is unknown or missing, or the program, a config or the dataset is not found.
            TrainerError: the command failed, ran past its limit, or left no model that can be loaded.
        """
        self.check()
        command, configs = self._arguments(), self._read_configs()
        dataset, out = dataset.absolute(), out.absolute()
        inside = str(PurePath(self.model_subdir))  # "./" is no pattern, "." is
        mark = fingerprint(dataset, base_model, {**asdict(self), "configs": configs})
        if done := finished(out, mark, inside):
            return done
        values = {
            "train_file": str(dataset),
            "messages_file": str(dataset.with_name("messages.jsonl")),
            "base_model": base_model,
            "out": str(out / "partial"),
            "configs": str(out / "configs"),
        }
        messages_wanted = any("{messages_file}" in text for text in [*command, *configs.values()])
        if messages_wanted and not Path(values["messages_file"]).is_file():
            raise InputError(f"trainer 'command' wants {{messages_file}}, but {values['messages_file']} does not exist")
        env = {name: _fill(text, values) for name, text in self.env.items()}
        partial = begin(out, mark, self.resumable)
        _write_configs(configs, values, out / "configs")
        self._run([_fill(argument, values) for argument in command], env, out / "train.log")
        loadable(partial, inside)
        publish(partial, out, mark)
        return loadable(out / "model", inside)

    def _arguments(self) -> list[str]:
        try:
            command = shlex.split(self.command) if isinstance(self.command, str) else list(self.command)
        except ValueError as error:
            raise InputError(f"trainer 'command': the command cannot be split into arguments: {error}") from error
        if not command:
            raise InputError("trainer 'command': the command is empty")
        return command

    def _read_configs(self) -> dict[str, str]:
        """Returns the text of each config by its file name."""
        texts: dict[str, str] = {}
        for file in self.configs:
            try:
                texts[file.name] = file.read_text("utf-8")
            except (OSError, UnicodeDecodeError) as error:
                raise InputError(f"trainer 'command', option 'configs': {file} cannot be read: {error}") from error
        if len(texts) < len(self.configs):
            raise InputError("trainer 'command', option 'configs': two files have the same name; rename one")
        return texts

    def _check_program(self, program: str) -> None:
        path = self.env.get("PATH", os.environ.get("PATH"))
        if _PLACEHOLDER.search(f"{program}{path}"):
            return  # known only once the placeholders are filled; a program that is missing then ends with status 127
        place = program if os.sep not in program else str((self.cwd or Path()).absolute() / program)
        if shutil.which(place, path=path) is None:
            raise InputError(f"trainer 'command': program '{program}' is not found here; install it or give its path")

    def _run(self, command: list[str], env: Mapping[str, str], log: Path) -> None:
        with log.open("a", encoding="utf-8") as stream:
            stream.write(f"$ {shlex.join(command)}\n")
        try:
            code = run_logged(command, log, env, self.cwd, self.timeout_s)
        except TimeLimitError as error:
            raise TrainerError(
                f"'{command[0]}' ran longer than {self.timeout_s:g} s and was ended; log: {log}"
            ) from error
        if code:
            raise TrainerError(f"'{command[0]}' ended with status {code}; log: {log}; its last lines:\n{tail(log)}")


def _check_placeholders(command: list[str], env: Mapping[str, str], configs: Mapping[str, str]) -> None:
    """Checks spelling where braces can only be ours, and that data and output are named at all.

    Raises:
        InputError: a placeholder is unknown, or the one for the data or for the output is missing.
    """
    for name in (name for text in [*command, *env.values()] for name in _PLACEHOLDER.findall(text)):
        if name not in PLACEHOLDERS:
            allowed = ", ".join(f"{{{known}}}" for known in PLACEHOLDERS)
            raise InputError(f"trainer 'command': unknown placeholder '{{{name}}}'; allowed: {allowed}")
    used = {name for text in [*command, *env.values(), *configs.values()] for name in _PLACEHOLDER.findall(text)}
    if "out" not in used:
        raise InputError("trainer 'command': neither command nor configs name {out}, where the model is looked for")
    if not used & {"train_file", "messages_file"}:
        raise InputError(
            "trainer 'command': neither command nor configs name {train_file} or {messages_file}, the data"
        )


def _write_configs(configs: Mapping[str, str], values: Mapping[str, str], folder: Path) -> None:
    try:
        folder.mkdir(exist_ok=True)
        for name, text in configs.items():
            (folder / name).write_text(_fill(text, values), "utf-8")
    except OSError as error:
        raise InputError(f"the trainer's configs cannot be written to {folder}: {error.strerror}") from error


def _fill(text: str, values: Mapping[str, str]) -> str:
    return _PLACEHOLDER.sub(lambda found: values.get(found[1], found[0]), text)
