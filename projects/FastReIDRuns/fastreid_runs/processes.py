"""Training in one process or several that end as one: the first mistake is told once, and none is left waiting."""

import argparse
import contextlib
import functools
import os
import re
import socket
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, NoReturn

import torch
import torch.distributed as dist
from fastreid import engine as host
from fastreid.utils import comm
from torch import multiprocessing

from datasets_ext import UserError
from datasets_ext.command import REFUSED, user_sentence
from fastreid_compat.launch import leave_groups

from .launchers import LaunchError, Place, interface_towards, is_first_by_name, placed
from .lifeline import Lifeline, Member

# What gloo and NCCL say where the process at the other end is gone.
_PEER_IS_GONE = re.compile(
    r"connection (closed|reset) by peer|connection refused|broken pipe|remote process exited|socket (closed|timeout)",
    re.IGNORECASE,
)
_SECONDS_TO_END = 10
# For processes of other machines, which start when their machines do.
_MINUTES_TO_COME = 5
_INTERRUPTED = 130


class ProcessLostError(UserError, RuntimeError):
    """Another process of the same training ended before its time."""


def launch(main: Callable[[argparse.Namespace], Any], args: argparse.Namespace) -> None:
    """Runs ``main(args)`` in this process, or in as many as the host's options or a launcher ask for.

    A process that a launcher started (torchrun, srun, a pod of Kubernetes) joins the others of its training, see
    :func:`fastreid_runs.launchers.placed`.

    Args:
        main: of a module's top level, so that another process finds it.
        args: of :func:`fastreid_runs.argument_parser`; its num_gpus, num_machines, machine_rank and dist_url are read.

    Raises:
        UserError: what the first process that failed says; the others have ended.
        RuntimeError: the traceback of the first process that failed, where that is no mistake of the user.
        SystemExit: in processes of a launcher, in the place of these, with what they would say already printed, once.
    """
    place = launched_place(args)
    if place is not None:
        _run_placed(main, args, place)
        return
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


def launched_place(args: argparse.Namespace) -> Place | None:
    """Where this process stands among those that a launcher started; None where it is the only one, or the first.

    Args:
        args: see :func:`launch`.

    Raises:
        LaunchError: the environment cannot be, or options ask for other processes as well.
        SystemExit: in the place of this in other processes than rank 0, which says it.
    """
    try:
        place = placed(os.environ)
        # Under srun, one task a machine and the host's options for all machines are another way of saying it.
        if place is None or place.world_size == 1 or (place.launcher == "srun" and args.num_machines > 1):
            return None
        if args.num_gpus != 1 or args.num_machines != 1 or args.machine_rank != 0:
            raise LaunchError(
                f"{place.launcher} started {place.world_size} processes, and --num-gpus, --num-machines or "
                f"--machine-rank asks for more; name their number in one place: leave these out, or {place.launcher}"
            )
    except LaunchError:
        if not is_first_by_name(os.environ):
            raise SystemExit(REFUSED) from None
        raise
    return place


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


def _run_placed(main: Callable[[argparse.Namespace], Any], args: argparse.Namespace, place: Place) -> None:
    """What a process does that a launcher started: its mistakes are told by rank 0, once."""
    try:
        store = _meet(place)
        lifeline = Lifeline(
            Member(place.rank, _speaks(place), socket.gethostname(), os.getpid()),
            place.world_size,
            store,
            place.address,
        )
    except (RuntimeError, OSError) as error:
        if place.rank:
            raise SystemExit(REFUSED) from error
        raise _unmet(place, error) from error
    try:
        missing = lifeline.missing(60 * _MINUTES_TO_COME)
        if missing:
            raise LaunchError(f"rank {', '.join(map(str, missing))} did not come within {_MINUTES_TO_COME} minutes")
        with _process_group(place, store):
            main(args)
            lifeline.leave()
    except KeyboardInterrupt:
        lifeline.tell("interrupted")
        raise SystemExit(_INTERRUPTED) from None
    except Exception as error:
        sentence = user_sentence(error)
        if is_lost_peer(error) or isinstance(error, ProcessLostError):
            lifeline.tell("lost")
            print(f"error: {sentence or 'another process ended before its time'}", file=sys.stderr)
        elif sentence is not None:
            lifeline.tell("mistake", sentence)
        else:
            traceback.print_exc()
            lifeline.tell("fault")
            raise SystemExit(1) from error
        raise SystemExit(REFUSED) from error


def _meet(place: Place) -> dist.Store:
    """The store that all processes of a training see."""
    address = f"[{place.address}]" if ":" in place.address else place.address
    url = f"tcp://{address}:{place.port}?rank={place.rank}&world_size={place.world_size}"
    store, _, _ = next(dist.rendezvous(url, timeout=timedelta(minutes=_MINUTES_TO_COME)))
    # torchrun's own store outlives a restart.
    store = dist.PrefixStore(f"fastreid_runs/{os.environ.get('TORCHELASTIC_RESTART_COUNT', 0)}", store)
    if store.add(f"rank/{place.rank}", 1) > 1:
        raise RuntimeError(f"two processes are rank {place.rank}")
    store.set(f"place/{place.rank}", f"{place.machine} {place.local_rank}")
    return store


def _unmet(place: Place, error: Exception) -> LaunchError:
    text = " ".join(str(error).split())
    where = f"{place.address}:{place.port}"
    if "EADDRINUSE" in text or "address already in use" in text:
        return LaunchError(f"something listens at {where} already, perhaps another training; set another MASTER_PORT")
    return LaunchError(
        f"{place.launcher} started {place.world_size} processes, which did not all meet at {where} (MASTER_ADDR and "
        f"MASTER_PORT) within {_MINUTES_TO_COME} minutes: {text[:200]}"
    )


def _speaks(place: Place) -> bool:
    # Of each machine one: where the first of all ended, the next on its machine.
    return place.local_rank == (1 if place.machine == 0 else 0)


@contextlib.contextmanager
def _process_group(place: Place, store: dist.Store) -> Iterator[None]:
    """The group of all processes, and for the host that of this machine's."""
    backend = "nccl" if torch.cuda.is_available() else "gloo"
    machines: dict[int, list[int]] = {}
    for rank in range(place.world_size):
        machine, local_rank = map(int, store.get(f"place/{rank}").split())
        if local_rank != len(machines.setdefault(machine, [])):
            raise LaunchError(
                f"rank {rank} is LOCAL_RANK {local_rank}, but process {len(machines[machine])} of its machine; "
                "expected those of one machine to be numbered from 0 in the order of their ranks"
            )
        machines[machine].append(rank)
    if backend == "nccl":
        if place.local_rank >= torch.cuda.device_count():
            raise LaunchError(
                f"rank {place.rank} is process {place.local_rank} of its machine, but PyTorch finds "
                f"{torch.cuda.device_count()} GPUs there; expected one for each process. With SLURM, give GPUs to the "
                "node (--gpus-per-node), not to the task"
            )
        torch.cuda.set_device(place.local_rank)
    if len(machines) > 1:
        # gloo would take what the machine's own name says, on many the loopback.
        interface = interface_towards(place.address)
        if interface not in ("", "lo"):
            os.environ.setdefault("GLOO_SOCKET_IFNAME", interface)
    try:
        try:
            dist.init_process_group(
                backend, store=dist.PrefixStore("group", store), rank=place.rank, world_size=place.world_size
            )
            comm.synchronize()
            # Every process takes part in making every group.
            groups = {machine: dist.new_group(ranks) for machine, ranks in machines.items()}
        except RuntimeError as error:
            variable = f"{backend.upper()}_SOCKET_IFNAME"
            raise LaunchError(
                f"rank {place.rank} met the others at {place.address} but cannot reach them over {backend}: "
                f"{' '.join(str(error).split())[:200]}. Name the network interface between the machines in {variable} "
                f"(here: {os.environ.get(variable, 'not set')})"
            ) from error
        comm._LOCAL_PROCESS_GROUP = groups[place.machine]
        del groups
        yield
    finally:
        leave_groups()


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
