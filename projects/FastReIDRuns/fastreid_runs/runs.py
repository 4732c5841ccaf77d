"""Trainings and evaluations as processes of their own: what each is told, how far it is, and what it took."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from datasets_ext import UserError
from datasets_ext.files import write_whole

# Of a log, as much as its last entries take.
_TAIL_BYTES = 1 << 16


class RunError(UserError, RuntimeError):
    """A run that failed, that cannot be started, or whose record is broken."""


@dataclass
class Attempt:
    """One process of a run.

    Attributes:
        started: date and time, which tells attempts apart.
        seconds: wall time, of a killed one up to the last note of it.
        finished: whether it ended well.
    """

    started: str
    seconds: float = 0.0
    finished: bool = False


@dataclass
class _Record:
    command: list[str]
    attempts: list[Attempt]


@dataclass(eq=False)
class Run:
    """A process of a training script with a folder of its own, whose ``run.json`` keeps what it took.

    Attributes:
        name: what it is called where somebody reads.
        folder: its OUTPUT_DIR.
        command: its words.
        evaluates: whether it evaluates without any training.
        steps: training steps that it takes; 0 where they are not known.
        work: how long it takes beside others, for the progress bar.
        needs: the run that has to be done first, or None.
        repeats: whether it runs also where an earlier process has done it.
        attempts: of this process and those before it, in order.

    Raises:
        RunError: its record is broken.
    """

    name: str
    folder: Path
    command: list[str]
    evaluates: bool = False
    steps: int = 0
    work: float = 1.0
    needs: "Run | None" = None
    repeats: bool = False
    attempts: list[Attempt] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        if self.record.is_file():
            try:
                self.attempts = TypeAdapter(_Record).validate_json(self.record.read_bytes()).attempts
            except ValidationError as error:
                problem = error.errors()[0]
                where = " / ".join(map(str, problem["loc"])) or "the whole file"
                raise RunError(
                    f"{self.record} is broken ({where}: {problem['msg']}), so that nobody knows whether {self.name} is "
                    "done; delete it, and the same command goes on from the last checkpoint beside it"
                ) from error
        self._earlier = len(self.attempts)

    @property
    def record(self) -> Path:
        """The file that keeps what it took."""
        return self.folder / "run.json"

    @property
    def results(self) -> Path:
        """The folder of its evaluation: that of a training's last one, or what ``--eval-only`` makes beside it."""
        return self.folder / "eval" if self.evaluates else self.folder

    @property
    def output(self) -> Path:
        """The file that keeps what it printed."""
        return self.folder / "output.txt"

    @property
    def done(self) -> bool:
        """Whether it ended well; with ``repeats``, since this object was made."""
        return any(attempt.finished for attempt in self.attempts[self._earlier if self.repeats else 0 :])

    @property
    def seconds(self) -> float:
        """Wall time of all attempts together; of one that was killed, up to the last note of it."""
        return sum(attempt.seconds for attempt in self.attempts)

    def note(self, attempt: Attempt) -> None:
        """Writes an attempt down, in the place of an earlier note of the same one."""
        if not self.attempts or self.attempts[-1].started != attempt.started:
            self.attempts.append(attempt)
        self.attempts[-1] = attempt
        self.folder.mkdir(parents=True, exist_ok=True)
        write_whole(self.record, json.dumps(asdict(_Record(self.command, self.attempts)), indent=1))

    def share_done(self) -> float:
        """How many of its training steps it has logged, in [0, 1]."""
        if not self.steps:
            return 0.0
        last = max((entry["iteration"] for entry in log_entries(self.folder, tail=True)), default=-1)
        return min(1.0, (last + 1) / self.steps)


def log_entries(folder: Path, *, tail: bool = False) -> Iterator[dict[str, Any]]:
    """What a training wrote to metrics.json, in order.

    A process that is killed may leave half a line, to which the one that goes on adds its first: that is left out.

    Args:
        folder: OUTPUT_DIR of the training; nothing comes where it has no log.
        tail: the last entries alone.
    """
    try:
        with open(folder / "metrics.json", "rb") as file:
            if tail:
                file.seek(max(0, file.seek(0, 2) - _TAIL_BYTES))
            lines = file.read().splitlines()
    except FileNotFoundError:
        return
    for line in lines:
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if isinstance(entry, dict) and isinstance(entry.get("iteration"), int):
            yield entry
