"""Training in several processes without CUDA."""

import gc
import importlib
import multiprocessing
import pickle
import warnings
from collections.abc import Callable, Sequence
from typing import Any, NoReturn
from unittest import mock

import torch
import torch.distributed as dist
from fastreid.engine import defaults
from fastreid.utils import comm
from torch.nn.parallel import DistributedDataParallel as TorchDistributedDataParallel

from .adaptation import Adaptation, rebind

# `fastreid.engine.launch` as an attribute is the function, which hides the module.
_host = importlib.import_module("fastreid.engine.launch")


def distributed_worker(
    local_rank: int,
    main_func: Callable,
    world_size: int,
    processes_per_machine: int,
    machine_rank: int,
    dist_url: str,
    args: tuple,
) -> None:
    """Runs `main_func(*args)` as one process of a gloo group on the CPU; takes the place of the host's NCCL worker."""
    first = machine_rank * processes_per_machine
    dist.init_process_group("gloo", init_method=dist_url, world_size=world_size, rank=first + local_rank)
    # A spawned process would spawn its data loading workers too, and each would import everything anew.
    multiprocessing.set_start_method(multiprocessing.get_all_start_methods()[0], force=True)
    try:
        comm.synchronize()
        # Every process takes part in making every group and keeps its own machine's; no other name holds on to one.
        groups = [
            dist.new_group(list(range(start, start + processes_per_machine)))
            for start in range(0, world_size, processes_per_machine)
        ]
        comm._LOCAL_PROCESS_GROUP = groups[machine_rank]
        del groups
        main_func(*args)
    finally:
        leave_groups()


def leave_groups() -> None:
    """Ends this process's part in all process groups, with their threads; without any it does nothing."""
    # The threads of a group end with the last reference to it, which the host keeps; threads that are alive when the
    # interpreter ends abort the process now and then.
    comm._LOCAL_PROCESS_GROUP = None
    comm._get_global_gloo_group.cache_clear()
    gc.collect()  # a distributed model is a cycle of references with its group among them
    if dist.is_initialized():
        dist.destroy_process_group()


class _Backend(BaseException):
    """Carries the backend out of the host's worker, past its `except Exception`."""


def _raise_backend(backend: str, **kwargs: Any) -> NoReturn:
    raise _Backend(backend)


def _worker_needs_cuda() -> bool:
    if torch.cuda.is_available():
        return False
    with mock.patch.object(dist, "init_process_group", _raise_backend):
        try:
            _host._distributed_worker(0, None, 1, 1, 0, "", ())
        except AssertionError:
            return True
        except _Backend as found:
            return found.args[0].lower() == "nccl"
    return False


class DistributedDataParallel(TorchDistributedDataParallel):
    """DistributedDataParallel that takes device_ids for a module on the CPU, where they mean nothing, as well."""

    def __init__(self, module: torch.nn.Module, device_ids: Sequence[int] | None = None, **kwargs: Any):
        on_cpu = all(parameter.device.type == "cpu" for parameter in module.parameters())
        with warnings.catch_warnings():
            # The host passes broadcast_buffers=False, and its user can do nothing about the new name.
            warnings.filterwarnings("ignore", message=".*broadcast_buffers", category=FutureWarning)
            super().__init__(module, device_ids=None if on_cpu else device_ids, **kwargs)


def _trainer_names_devices() -> bool:
    # To try it takes a process group, which an import must not open; torch's own class refuses device_ids on the CPU.
    return not torch.cuda.is_available() and defaults.DistributedDataParallel is TorchDistributedDataParallel


def _apply_distributed_model() -> None:
    # In the trainer only: the host's other modules test for torch's class.
    defaults.DistributedDataParallel = DistributedDataParallel


def _serialize_to_tensor(data: object, group: dist.ProcessGroup) -> torch.Tensor:
    """Pickles `data` into a uint8 tensor on the device that the group's backend sends from."""
    device = "cpu" if dist.get_backend(group) == "gloo" else "cuda"
    return torch.frombuffer(bytearray(pickle.dumps(data)), dtype=torch.uint8).to(device)


def _gathering_warns() -> bool:
    with mock.patch.object(comm.dist, "get_backend", return_value="gloo"), warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            comm._serialize_to_tensor(None, None)
        except (UserWarning, AttributeError):
            return True
    return False


ADAPTATIONS = (
    Adaptation(
        name="launch",
        reason="launch() with several processes asserts CUDA and uses NCCL; without CUDA they form a gloo group",
        needed=_worker_needs_cuda,
        apply=lambda: rebind(_host._distributed_worker, distributed_worker),
    ),
    Adaptation(
        name="distributed model",
        reason="DefaultTrainer names a GPU for DistributedDataParallel, which refuses that for a model on the CPU",
        needed=_trainer_names_devices,
        apply=_apply_distributed_model,
    ),
    Adaptation(
        name="object gathering",
        reason="comm.gather() sends objects through torch's typed storages, deprecated, with a warning in each process",
        needed=_gathering_warns,
        apply=lambda: rebind(comm._serialize_to_tensor, _serialize_to_tensor),
    ),
)
