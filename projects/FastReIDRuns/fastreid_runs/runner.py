"""Runs processes, several at a time, and goes on where a killed one stopped."""

import codecs
import contextlib
import fcntl
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import IO, Any

from tqdm import tqdm

from datasets_ext.command import REFUSED

from .runs import Attempt, Run, RunError

_POLL_SECONDS = 0.5
_SECONDS_BETWEEN_NOTES = 5.0
# For a checkpoint that is just being written.
_SECONDS_TO_END = 30.0


def run_all(
    runs: Sequence[Run], *, jobs: int = 1, threads: int | None = None, title: str = "runs", follow: bool = False
) -> None:
    """Runs what is not done yet, with a progress bar; what a run prints goes to ``output.txt`` in its folder.

    A run that fails does not stop the others, but for those that need it. After one that is refused what it was given,
    no other is begun: it would be told the same. Where this process ends, by a signal or an error, its runs end too.

    Args:
        runs: in an order in which they can go.
        jobs: processes at a time.
        threads: CPU threads of each, by which figures may differ; None: as the environment says.
        title: before the progress bar.
        follow: show what runs print in the place of the bar; for one at a time.

    Raises:
        RunError: runs failed, or another process is at one of them. All that is done is kept.
    """
    waiting = [run for run in runs if not run.done]
    going: list[_Process] = []
    failed: dict[Run, int] = {}
    with _bar(runs, title, hidden=follow) as bar, _caught_signals() as caught:
        try:
            while waiting or going:
                while len(going) < jobs and (ready := _next(waiting)):
                    waiting.remove(ready)
                    going.append(_start(ready, threads))
                    bar.write(f"begun: {ready.name}")
                assert going, "a run needs one that is not among the runs"
                time.sleep(_POLL_SECONDS)
                if caught:
                    raise KeyboardInterrupt if caught[0] == signal.SIGINT else SystemExit(128 + caught[0])
                for process in list(going):
                    code = process.look(follow=follow)
                    if code is None:
                        continue
                    going.remove(process)
                    if code == 0:
                        bar.write(f"done:  {process.run.name}, {process.run.seconds / 60:.1f} min")
                        continue
                    _signal(process.process, signal.SIGKILL)
                    failed[process.run] = code
                    bar.write(f"failed: {process.run.name}, see {process.run.output}")
                    waiting = [run for run in waiting if code != REFUSED and not _needs(run, process.run)]
                bar.n = _work_done(runs)
                bar.n += sum(process.run.work * process.run.share_done() for process in going)
                bar.refresh()
        finally:
            _end(going)
    if failed:
        raise RunError("\n".join(_last_words(run, code) for run, code in failed.items()))


@dataclass
class _Process:
    run: Run
    process: subprocess.Popen
    attempt: Attempt
    begun: float = field(default_factory=time.monotonic)
    noted: float = 0.0
    shown: int = 0
    # What is read may end within a letter.
    decoder: codecs.IncrementalDecoder = field(default_factory=lambda: codecs.getincrementaldecoder("utf-8")("replace"))

    def look(self, *, follow: bool) -> int | None:
        """Notes and shows what there is of it; its exit code where it has ended."""
        code = self.process.poll()
        if follow:
            self._show()
        self.attempt.seconds = round(time.monotonic() - self.begun, 1)
        self.attempt.finished = code == 0
        if code is not None or time.monotonic() - self.noted > _SECONDS_BETWEEN_NOTES:
            self.run.note(self.attempt)
            self.noted = time.monotonic()
        return code

    def _show(self) -> None:
        with open(self.run.output, "rb") as file:
            file.seek(self.shown)
            text = file.read()
        self.shown += len(text)
        sys.stdout.write(self.decoder.decode(text))
        sys.stdout.flush()


def _work_done(runs: Sequence[Run]) -> float:
    return sum(run.work for run in runs if run.done)


def _bar(runs: Sequence[Run], title: str, *, hidden: bool) -> Any:
    total = sum(run.work for run in runs)
    bar_format = "{desc}: {percentage:3.0f}%|{bar}| {elapsed}<{remaining}{postfix}"
    # The same sum as later: what the bar counts less than at its start, by a rounding, makes the time left negative.
    return tqdm(total=total, initial=_work_done(runs), desc=title, bar_format=bar_format, disable=hidden)


def _next(waiting: Sequence[Run]) -> Run | None:
    return next((run for run in waiting if run.needs is None or run.needs.done), None)


def _needs(run: Run, other: Run) -> bool:
    return run.needs is not None and (run.needs is other or _needs(run.needs, other))


def _start(run: Run, threads: int | None) -> _Process:
    run.folder.mkdir(parents=True, exist_ok=True)
    environment = dict(os.environ)
    if threads:
        environment.update(OMP_NUM_THREADS=str(threads), MKL_NUM_THREADS=str(threads))
    with _lock(run) as lock, open(run.output, "ab") as output:
        shown = output.tell()
        process = subprocess.Popen(
            run.command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            pass_fds=[lock.fileno()],
            # A group of its own, so that what it starts itself ends with it.
            start_new_session=True,
        )
    return _Process(run, process, Attempt(datetime.now().isoformat()), shown=shown)


def _lock(run: Run) -> IO[str]:
    """A file whose lock the run's process inherits and keeps until it ends, also where this process is killed first."""
    lock = open(run.folder / "run.lock", "w")  # noqa: SIM115, the caller closes it
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise RunError(
            f"{run.name} is still going in {run.folder}, started by another command or left behind by a killed one; "
            "wait for it or end it, then give the same command again"
        ) from None
    return lock


def _end(going: Sequence[_Process]) -> None:
    """Asks processes to end, with all that they started, and makes them."""
    for going_on in going:
        _signal(going_on.process, signal.SIGTERM)
    deadline = time.monotonic() + _SECONDS_TO_END
    try:
        for going_on in going:
            with contextlib.suppress(subprocess.TimeoutExpired):
                going_on.process.wait(max(0.0, deadline - time.monotonic()))
    finally:
        for going_on in going:
            _signal(going_on.process, signal.SIGKILL)
            going_on.process.wait()


def _signal(process: subprocess.Popen, number: int) -> None:
    # The group may outlive its first process.
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, number)


@contextlib.contextmanager
def _caught_signals() -> Iterator[list[int]]:
    """A list of the signals to end that arrive, which then do nothing else; those that are ignored stay so.

    An exception raised by a handler could come between the start of a process and the note of it.
    """
    caught: list[int] = []
    before = {}
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) != signal.SIG_IGN:
                before[number] = signal.signal(number, lambda number, frame: caught.append(number))
    try:
        yield caught
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _last_words(run: Run, code: int) -> str:
    tail = "\n".join(run.output.read_text(errors="replace").splitlines()[-5:])
    return (
        f"{run.name} ended with status {code}; its last lines are\n{tail}\nAll of it: {run.output}. What is done is "
        "kept: mend the cause and give the same command again."
    )
