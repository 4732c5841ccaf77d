"""Training in one process or several that end as one: the first mistake is told once, and none is left waiting."""

import argparse
import functools
import os
import re
import tempfile
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import torch
from fastreid import engine as host
from torch import multiprocessing

from datasets_ext import UserError
from datasets_ext.command import REFUSED, user_sentence

# What gloo and NCCL say where the process at the other end is gone.
_PEER_IS_GONE = re.compile(
    r"connection (closed|reset) by peer|connection refused|broken pipe|remote process exited|socket (closed|timeout)",
    re.IGNORECASE,
)
_SECONDS_TO_END = 10


class LaunchError(UserError, ValueError):
    """Numbers of processes and machines, or an address, that cannot be."""


class ProcessLostError(UserError, RuntimeError):
    """Another process of the same training ended before its time."""


def launch(main: Callable[[argparse.Namespace], Any], args: argparse.Namespace) -> None:
    """Runs ``main(args)`` in this process, or in as many as the host's options ask for.

    Args:
        main: of a module's top level, so that another process finds it.
        args: of :func:`fastreid_runs.argument_parser`; its num_gpus, num_machines, machine_rank and dist_url are read.

    Raises:
        UserError: what the first process that failed says; the others have ended.
        RuntimeError: the traceback of the first process that failed, where that is no mistake of the user.
    """
    check_processes(args)
    if args.num_gpus * args.num_machines == 1:
        main(args)
        return
    others = set(multiprocessing.active_children())
    with tempfile.TemporaryDirectory(prefix="fastreid_runs_") as folder:
        try:
            host.launch(
                functools.partial(_run_reporting, folder, main),
                args.num_gpus,
                num_machines=args.num_machines,
                machine_rank=args.machine_rank,
                dist_url=args.dist_url,
                args=(args,),
            )
        except (multiprocessing.ProcessRaisedException, multiprocessing.ProcessExitedException) as error:
            _raise_first(folder, error, args)
        finally:
            # Interrupted alone, this process would wait for them as the interpreter ends.
            _end(set(multiprocessing.active_children()) - others)


def check_processes(args: argparse.Namespace) -> None:
    """Refuses numbers with which the host would wait for processes that nobody starts.

    Raises:
        LaunchError: a number is out of its range, or an address is none.
    """
    if args.num_gpus < 1 or args.num_machines < 1:
        raise LaunchError(
            f"--num-gpus is {args.num_gpus} and --num-machines {args.num_machines}; expected at least 1 of each "
            "(without CUDA, --num-gpus is the number of processes)"
        )
    if not 0 <= args.machine_rank < args.num_machines:
        raise LaunchError(
            f"--machine-rank is {args.machine_rank}; expected 0 to {args.num_machines - 1}, as --num-machines is "
            f"{args.num_machines}"
        )
    if torch.cuda.is_available() and args.num_gpus > torch.cuda.device_count():
        raise LaunchError(f"--num-gpus is {args.num_gpus}, but PyTorch finds {torch.cuda.device_count()} here")
    if args.num_gpus * args.num_machines == 1:
        return
    if args.dist_url == "auto" and args.num_machines > 1:
        raise LaunchError(
            "--dist-url is auto, which finds a free port on one machine; with several, name the first one's: "
            "--dist-url tcp://ADDRESS:PORT"
        )
    if not re.fullmatch(r"auto|env://.*|file:///.+|tcp://.+:\d+", args.dist_url):
        raise LaunchError(f"--dist-url is {args.dist_url!r}; expected tcp://ADDRESS:PORT, or auto on one machine")


def is_lost_peer(error: BaseException) -> bool:
    """Whether an error of this process only says that another one ended."""
    return isinstance(error, RuntimeError) and bool(_PEER_IS_GONE.search(str(error)))


def _run_reporting(folder: str, main: Callable[[argparse.Namespace], Any], args: argparse.Namespace) -> None:
    """What each process runs; why it ended is left in a file for the process that started it."""
    try:
        main(args)
    except Exception as error:
        sentence = user_sentence(error)
        if sentence is not None:
            _leave_report(folder, "mistake", sentence)
        elif is_lost_peer(error):
            _leave_report(folder, "lost", "")
        else:
            _leave_report(folder, "fault", traceback.format_exc())
        raise SystemExit(REFUSED) from error


def _leave_report(folder: str, kind: str, text: str) -> None:
    part = Path(folder, f"{os.getpid()}.part")
    part.write_text(text)
    part.rename(part.with_suffix(f".{kind}"))


def _raise_first(folder: str, error: Exception, args: argparse.Namespace) -> NoReturn:
    reports = sorted(Path(folder).iterdir(), key=lambda path: path.stat().st_mtime_ns)
    for report in reports:
        if report.suffix == ".mistake":
            raise UserError(report.read_text()) from None
        if report.suffix == ".fault":
            raise RuntimeError(f"one of {args.num_gpus} processes failed:\n\n{report.read_text()}") from None
    if "EADDRINUSE" in str(error):
        raise LaunchError(
            f"--dist-url is {args.dist_url}, but something listens there, perhaps another training; name another port, "
            "or --dist-url auto on one machine"
        ) from None
    if isinstance(error, multiprocessing.ProcessRaisedException) and not reports:
        raise error
    how = getattr(error, "signal_name", None)
    raise ProcessLostError(
        f"a process of the training was ended by {how} from outside; where memory ran out, lower "
        "DATALOADER.NUM_WORKERS or SOLVER.IMS_PER_BATCH"
        if how
        else "a process of the training on another machine ended before its time; what it says there tells why"
    ) from None


def _end(children: set) -> None:
    for child in children:
        child.terminate()
    for child in children:
        child.join(_SECONDS_TO_END)
        if child.is_alive():
            child.kill()
