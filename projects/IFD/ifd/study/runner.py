"""Runs the processes of an ablation, several at a time, and goes on where a killed one stopped."""

import fcntl
import os
import subprocess
import time
from collections.abc import Sequence
from datetime import datetime
from typing import IO

from tqdm import tqdm

from datasets_ext import UserError

from .runs import Run

_POLL_SECONDS = 2.0


class StudyError(UserError, RuntimeError):
    """A run of a study that failed."""


def run_all(runs: Sequence[Run], *, jobs: int, threads: int, steps_per_epoch: int) -> None:
    """Runs what is not done yet, with a progress bar; what a run prints goes to ``output.txt`` in its folder.

    Args:
        runs: in an order in which they can go.
        jobs: processes at a time.
        threads: CPU threads of each. The same number gives the same figures.
        steps_per_epoch: training steps.

    Raises:
        StudyError: a run failed, or another process is at it; those that were going are stopped. All that is done is
            kept.
    """
    waiting = [run for run in runs if not run.done]
    going: dict[int, tuple[Run, subprocess.Popen, dict, float]] = {}
    total = sum(run.work for run in runs)
    bar_format = "{desc}: {percentage:3.0f}%|{bar}| {elapsed}<{remaining}{postfix}"
    begun_with = total - sum(run.work for run in waiting)
    with tqdm(total=total, initial=begun_with, desc="ablation", bar_format=bar_format) as bar:
        try:
            while waiting or going:
                while len(going) < jobs:
                    ready = next((run for run in waiting if run.needs is None or run.needs.done), None)
                    if ready is None:
                        break
                    waiting.remove(ready)
                    going[id(ready)] = _start(ready, threads)
                    bar.write(f"begun: {ready.name}")
                time.sleep(_POLL_SECONDS)
                for key, (run, process, attempt, begun) in list(going.items()):
                    attempt["seconds"] = round(time.monotonic() - begun, 1)
                    code = process.poll()
                    attempt["finished"] = code == 0
                    run.note(attempt)
                    if code is None:
                        continue
                    del going[key]
                    if code != 0:
                        raise StudyError(_last_words(run, code))
                    bar.write(f"done:  {run.name}, {run.seconds / 60:.1f} min")
                bar.n = sum(run.work for run in runs if run.done) + sum(
                    run.work * run.share_done(steps_per_epoch) for run, *_ in going.values()
                )
                bar.refresh()
        finally:
            for _, process, *_ in going.values():
                process.terminate()
            for _, process, *_ in going.values():
                process.wait()


def _start(run: Run, threads: int) -> tuple[Run, subprocess.Popen, dict, float]:
    run.folder.mkdir(parents=True, exist_ok=True)
    attempt = {"started": datetime.now().isoformat(timespec="seconds"), "seconds": 0.0, "finished": False}
    lock = _lock(run)
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads), "MKL_NUM_THREADS": str(threads)}
    with lock, open(run.folder / "output.txt", "a") as output:
        process = subprocess.Popen(
            run.command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            pass_fds=[lock.fileno()],
        )
    return run, process, attempt, time.monotonic()


def _lock(run: Run) -> IO:
    """A file whose lock the run's process inherits and keeps until it ends, also where this process is killed first."""
    lock = open(run.folder / "lock", "w")  # noqa: SIM115, the caller closes it
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise StudyError(
            f"{run.name} is still being trained in {run.folder} by another ablation, or by a process that a killed one "
            "left behind; wait for it or end it, then give the same command again"
        ) from None
    return lock


def _last_words(run: Run, code: int) -> str:
    output = run.folder / "output.txt"
    tail = "\n".join(output.read_text(errors="replace").splitlines()[-5:])
    return (
        f"{run.name} ended with status {code}; its last lines are\n{tail}\nAll of it: {output}. What is done is kept: "
        "mend the cause and give the same command again."
    )
