"""Two processes learn what one with their whole batch learns: losses, gradients and statistics."""

import json

import pytest
import torch

from ifd.modeling.all_processes import of_all_processes

# Half of a batch in each process, with batch norm over both; the first also takes the batch as one process would.
HALVES = """
import sys
import fastreid_compat
import torch
from fastreid.engine import launch
from fastreid.modeling import build_model
from fastreid.utils import comm
from fastreid.utils.events import EventStorage
from torch.nn.parallel import DistributedDataParallel
import json
from ifd.engine import load_config


def built(options, norm):
    norms = [part for key in ("MODEL.BACKBONE.NORM", "MODEL.HEADS.NORM", "IFD.IKT.NORM") for part in (key, norm)]
    cfg = load_config("configs/IFD_R50.yml", [*options, *norms])
    torch.manual_seed(0)
    return build_model(cfg).double().train()


def losses_of(model, batch):
    with EventStorage(0):
        losses = model(batch)
    sum(losses.values()).backward()
    return {name: loss.detach() for name, loss in losses.items()}


def furthest(these, those):
    return max(((this - that).norm() / that.norm().clamp_min(1e-3)).item() for this, that in zip(these, those))


def main(options, output):
    random = torch.Generator().manual_seed(1)
    images = 255 * torch.rand(8, 4, 64, 32, generator=random).double()
    images[:, 3] = (torch.rand(8, 64, 32, generator=random) > 0.99).double()
    batch = {"images": images, "targets": torch.arange(8) // 2, "clothes": torch.arange(8)}
    share = slice(4 * comm.get_rank(), 4 * comm.get_rank() + 4)
    half = built(options, "syncBN")
    shared = losses_of(DistributedDataParallel(half, broadcast_buffers=False), {k: v[share] for k, v in batch.items()})
    for loss in shared.values():
        torch.distributed.all_reduce(loss)
    if comm.is_main_process():
        comm.get_world_size = lambda: 1  # from here on alone, with the group still there
        torch.distributed.is_initialized = lambda: False
        import ifd.modeling.all_processes as gathering
        whole = built(options, "BN")
        alone = losses_of(whole, batch)
        result = {name: (shared[name] / 2 - alone[name]).abs().item() for name in alone}
        result["gradients"] = furthest(*([p.grad for p in m.parameters() if p.requires_grad] for m in (half, whole)))
        result["statistics"] = furthest(*([b.double() for b in m.buffers()] for m in (half, whole)))
        json.dump(result, open(output, "w"))


if __name__ == "__main__":
    launch(main, 2, dist_url="auto", args=(sys.argv[2:], sys.argv[1]))
"""


@pytest.mark.skipif(torch.cuda.is_available(), reason="two processes on the CPU")
def test_two_processes_learn_what_one_with_their_batch_learns(pytestconfig, tmp_path, tiny_arguments, start_script):
    (tmp_path / "halves.py").write_text(HALVES)
    # The host's MobileNet knows no other norm than its own.
    network = ["MODEL.BACKBONE.NAME", "build_resnet_backbone", "MODEL.BACKBONE.DEPTH", "18x"]
    network += ["MODEL.BACKBONE.FEAT_DIM", 512, "MODEL.HEADS.NUM_CLASSES", 4]
    options = [*tiny_arguments, *network]
    halves = start_script(tmp_path / "halves.py", tmp_path / "result.json", *options, cwd=pytestconfig.rootpath)
    _, errors = halves.communicate(timeout=300)
    assert halves.returncode == 0, errors[-3000:]
    result = json.loads((tmp_path / "result.json").read_text())
    assert set(result) == {"loss_cls_main", "loss_cls_attention", "loss_clothing", "gradients", "statistics"}
    assert max(result.values()) < 1e-5, result


def test_alone_nothing_is_gathered():
    values = torch.zeros(2)
    assert of_all_processes(values) is values
