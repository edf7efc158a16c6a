"""A trainer that leaves a model where it says."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rft.checked.faults import a_kind, blaming
from rft.errors import InputError, TrainerError
from rft.registry import declared
from rft.types import JSON


@dataclass
class CheckedTrainer:
    """A trainer that leaves a model where it says."""

    name: str
    trainer: Any

    def check(self) -> None:
        """Lets the trainer say what is wrong before a sample is drawn.

        Raises:
            InputError: something is.
        """
        with blaming(f"trainer '{self.name}'", InputError):
            declared(self.trainer, "check")()

    def report_to(self, listener: Callable[[Mapping[str, JSON]], None]) -> None:
        """Has the trainer's progress events told to a listener, if it tells any."""
        with suppress(AttributeError):  # a frozen one tells nothing
            self.trainer.on_progress = listener

    def fit(self, dataset: Path, base_model: str, out: Path) -> Path:
        """Fine-tunes and returns the folder of the next model.

        Raises:
            InputError: the trainer says that something is the user's to mend.
            TrainerError: it raised, or returned no path of a folder that is there.
        """
        who = f"trainer '{self.name}'"
        with blaming(who, TrainerError):
            model = self.trainer.fit(dataset, base_model, out)
        if not isinstance(model, str | Path) or not str(model):
            raise TrainerError(f"{who} returned {a_kind(model)}; the path of the model's folder is wanted")
        if not Path(model).is_dir():
            raise TrainerError(f"{who} returned {model}, and there is no such folder; it must hold the next model")
        return Path(model)
