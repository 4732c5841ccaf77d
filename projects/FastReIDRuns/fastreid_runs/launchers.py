"""Where a process that torchrun, SLURM or Kubernetes started stands among the others, as its environment says."""

import re
import socket
import struct
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from datasets_ext import UserError

_TORCH = ("RANK", "WORLD_SIZE", "LOCAL_RANK")
# Below the ports that Linux gives out by itself.
_FIRST_SLURM_PORT, _SLURM_PORTS = 10_000, 20_000
# Linux: the IPv4 address of an interface.
_SIOCGIFADDR = 0x8915


class LaunchError(UserError, ValueError):
    """Numbers of processes and machines, or an address, that cannot be."""


@dataclass(frozen=True)
class Place:
    """One process among those that a launcher started.

    Attributes:
        launcher: its name.
        rank: of all processes, from 0.
        world_size: how many there are, at least 1.
        local_rank: among those of its machine, from 0; that of its GPU.
        machine: the same number in all processes of one machine.
        address: of the machine of rank 0; empty where there is one process.
        port: on that machine.
    """

    launcher: str
    rank: int
    world_size: int
    local_rank: int
    machine: int
    address: str = ""
    port: int = 0


def placed(environment: Mapping[str, str]) -> Place | None:
    """What a launcher put into the environment.

    Args:
        environment: such as ``os.environ``. RANK or LOCAL_RANK, with WORLD_SIZE, MASTER_ADDR and MASTER_PORT, are what
            torchrun sets; without LOCAL_RANK each process has a machine of its own, as pods of Kubernetes have.
            SLURM_STEP_NUM_TASKS above 1 is set by srun and by nothing else of SLURM: a batch script, or a shell on the
            nodes, is one process.

    Returns:
        None where no launcher started this process.

    Raises:
        LaunchError: a variable is missing, or is none of its kind.
    """
    if "RANK" in environment or "LOCAL_RANK" in environment:
        return _of_torch(environment)
    tasks = environment.get("SLURM_STEP_NUM_TASKS", "1")
    if tasks != "1":
        return _of_slurm(environment)
    if environment.get("WORLD_SIZE", "1") != "1":
        return _of_torch(environment)
    return None


def first_host(hosts: str) -> str:
    """The first of SLURM's list of nodes, such as ``node[03-07,12],other``.

    Args:
        hosts: as SLURM_STEP_NODELIST has it.
    """
    first = re.match(r"(?:\[[^\]]*\]|[^,\[])*", hosts)
    return re.sub(r"\[([^\],-]*)[^\]]*\]", r"\1", first[0] if first else "")


def interface_towards(address: str) -> str:
    """The network interface from which this machine speaks to an address; empty where it cannot be told (not Linux).

    Args:
        address: a name or an IPv4 address; of this machine itself too, which is the interface that has it.
    """
    if not sys.platform.startswith("linux"):
        return ""
    import fcntl

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((address, 9))  # which sends nothing
        except OSError:
            return ""
        own = probe.getsockname()[0]
        for _, name in socket.if_nameindex():
            try:
                found = fcntl.ioctl(probe.fileno(), _SIOCGIFADDR, struct.pack("256s", name.encode()))
            except OSError:  # it has no such address
                continue
            if socket.inet_ntoa(found[20:24]) == own:
                return name
    return ""


def is_first_by_name(environment: Mapping[str, str]) -> bool:
    """Whether a process is rank 0, or none of several: the one that speaks of a mistake that all of them make."""
    rank = environment.get("RANK") or (
        environment.get("SLURM_PROCID") if environment.get("SLURM_STEP_NUM_TASKS", "1") != "1" else None
    )
    return (rank or "0") == "0"


def _of_torch(environment: Mapping[str, str]) -> Place:
    missing = [name for name in ("RANK", "WORLD_SIZE") if name not in environment]
    if "LOCAL_WORLD_SIZE" in environment and "LOCAL_RANK" not in environment:
        missing.append("LOCAL_RANK")
    if missing:
        there = ", ".join(f"{name}={environment[name]}" for name in _TORCH if name in environment)
        raise LaunchError(
            f"the environment has {there}, but no {' and no '.join(missing)}; a launcher such as torchrun sets RANK, "
            "WORLD_SIZE, LOCAL_RANK, MASTER_ADDR and MASTER_PORT in each process. Start with one, or unset them"
        )
    world_size = _number(environment, "WORLD_SIZE", 1)
    rank = _number(environment, "RANK", 0, world_size - 1)
    local_rank = _number(environment, "LOCAL_RANK", 0, rank) if "LOCAL_RANK" in environment else 0
    if "LOCAL_WORLD_SIZE" in environment:
        _number(environment, "LOCAL_RANK", 0, _number(environment, "LOCAL_WORLD_SIZE", 1, world_size) - 1)
    machine = _number(environment, "GROUP_RANK", 0) if "GROUP_RANK" in environment else rank - local_rank
    place = Place("torchrun", rank, world_size, local_rank, machine)
    return place if world_size == 1 else _with_address(place, environment)


def _of_slurm(environment: Mapping[str, str]) -> Place:
    for name in ("SLURM_PROCID", "SLURM_LOCALID", "SLURM_NODEID"):
        if name not in environment:
            raise LaunchError(f"SLURM_STEP_NUM_TASKS is set, but no {name}; start with srun, which sets both")
    world_size = _number(environment, "SLURM_STEP_NUM_TASKS", 1)
    place = Place(
        "srun",
        _number(environment, "SLURM_PROCID", 0, world_size - 1),
        world_size,
        _number(environment, "SLURM_LOCALID", 0, world_size - 1),
        _number(environment, "SLURM_NODEID", 0),
    )
    settled = dict(environment)
    nodes = environment.get("SLURM_STEP_NODELIST") or environment.get("SLURM_JOB_NODELIST") or ""
    settled.setdefault("MASTER_ADDR", first_host(nodes))
    job, step = (_number(settled, name, 0) if settled.get(name) else 0 for name in ("SLURM_JOB_ID", "SLURM_STEP_ID"))
    settled.setdefault("MASTER_PORT", str(_FIRST_SLURM_PORT + (job + 1009 * step) % _SLURM_PORTS))
    return _with_address(place, settled)


def _with_address(place: Place, environment: Mapping[str, str]) -> Place:
    if not environment.get("MASTER_ADDR"):
        raise LaunchError(
            f"{place.launcher} started {place.world_size} processes, but the environment has no MASTER_ADDR; it is the "
            "address of the machine of rank 0, the same in all processes, with a free port there as MASTER_PORT"
        )
    if "MASTER_PORT" not in environment:
        raise LaunchError("the environment has no MASTER_PORT; it is a free port of MASTER_ADDR's, such as 29500")
    port = _number(environment, "MASTER_PORT", 1, 65535)
    return Place(
        place.launcher, place.rank, place.world_size, place.local_rank, place.machine, environment["MASTER_ADDR"], port
    )


def _number(environment: Mapping[str, str], name: str, least: int, most: int | None = None) -> int:
    text = environment[name].strip()
    expected = f"a whole number from {least}" + ("" if most is None else f" to {most}")
    if not (text.isascii() and text.isdigit()) or int(text) < least or (most is not None and int(text) > most):
        raise LaunchError(f"{name} is {environment[name]!r} in the environment; expected {expected}")
    return int(text)
