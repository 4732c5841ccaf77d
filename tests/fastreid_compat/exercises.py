"""One exercise for each adaptation: what the host must do, and cannot do without it.

As a script: tries the host as it is, then with every adaptation skipped but the imports, and prints as JSON what came
of it. The tests run the same exercises on the adapted host.
"""

import contextlib
import json
import os
import pickle
import random
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np
import torch
from PIL import Image


def device():
    from fastreid.config import get_cfg
    from fastreid.modeling import build_model

    cfg = get_cfg()
    cfg.MODEL.BACKBONE.DEPTH = "18x"
    cfg.MODEL.BACKBONE.FEAT_DIM = 512
    cfg.MODEL.BACKBONE.PRETRAIN = False
    assert build_model(cfg).device.type == ("cuda" if torch.cuda.is_available() else "cpu")


def data_loader():
    from fastreid.data import build_reid_test_loader

    items = [{"images": torch.ones(3), "targets": 1, "camids": 2, "img_paths": "a"}] * 2
    loader, _ = build_reid_test_loader(items, 2, 1, num_workers=0)
    assert next(iter(loader))["images"].shape == (2, 3)


def background_loading():
    from unittest import mock

    from fastreid.data import data_utils

    def broken():
        yield "batch"
        raise ValueError("no image")

    with mock.patch.object(torch.cuda, "set_device"), contextlib.redirect_stderr(None):
        batches = data_utils.BackgroundGenerator(broken(), 0)
        batches.join()
    assert next(batches) == "batch"
    for _ in range(2):
        assert not batches.queue.empty(), "training waits for ever"
        told = outcome(lambda: next(batches))
        assert told == "ValueError: no image", told
    batches.exit_event.set()
    assert list(batches) == []


def affine():
    from fastreid.config import get_cfg
    from fastreid.data.transforms import build_transforms

    cfg = get_cfg()
    cfg.INPUT.AFFINE.ENABLED = True
    assert build_transforms(cfg)(Image.new("RGB", (40, 80))).shape == (3, 256, 128)


def image_to_tensor():
    from fastreid.data.transforms import ToTensor

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert ToTensor()(Image.new("RGB", (2, 3), (1, 2, 3)))[:, 0, 0].tolist() == [1, 2, 3]


def four_field_items():
    from fastreid.data.samplers import BalancedIdentitySampler

    items = [("", pid, camid, "clothes") for pid in range(4) for camid in range(3)]
    next(iter(BalancedIdentitySampler(items, 4, 2)))


def set_re_weighting():
    from fastreid.data.samplers import SetReWeightSampler

    items = [("", f"{camid}_{pid}", camid) for camid in (1, 2) for pid in range(4)]
    next(iter(SetReWeightSampler(items, 8, 2, [1, 1])))


def network_recipes():
    from fastreid.config import get_cfg
    from fastreid.modeling import build_backbone

    cfg = get_cfg()
    cfg.MODEL.BACKBONE.NAME = "build_regnet_backbone"
    cfg.MODEL.BACKBONE.DEPTH = "200x"
    cfg.MODEL.BACKBONE.PRETRAIN = False
    build_backbone(cfg)


def gradient_buffers():
    from fastreid.config import get_cfg
    from fastreid.solver import build_optimizer

    model = torch.nn.Linear(2, 2)
    before = model.weight.detach().clone()
    optimizer, _ = build_optimizer(get_cfg(), model)
    optimizer.zero_grad()
    model.weight.sum().backward()
    optimizer.step()
    assert not torch.equal(model.weight, before), "no weight was updated"


def clipping():
    from fastreid.config import get_cfg
    from fastreid.solver import build_optimizer

    cfg = get_cfg()
    cfg.MODEL.FREEZE_LAYERS = ["0"]
    cfg.SOLVER.FREEZE_ITERS = 1
    cfg.SOLVER.CLIP_GRADIENTS.ENABLED = True
    cfg.SOLVER.CLIP_GRADIENTS.CLIP_TYPE = "value"
    model = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Linear(2, 2))
    optimizer, _ = build_optimizer(cfg, model)
    model(torch.ones(1, 2)).sum().backward()
    optimizer.step()


def checkpoints():
    from fastreid.utils.checkpoint import Checkpointer

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model.pth")
        torch.save({"model": {"weight": np.ones((2, 2))}, "metric": np.float64(0.5)}, path)
        model = torch.nn.Linear(2, 2, bias=False)
        assert Checkpointer(model).load(str(path)) == {"metric": 0.5}
        assert model.weight.tolist() == [[1, 1], [1, 1]]


def freezing():
    from fastreid.config import get_cfg
    from fastreid.solver import build_optimizer

    cfg = get_cfg()
    cfg.SOLVER.OPT = "SGD"
    cfg.MODEL.FREEZE_LAYERS = ["0"]
    cfg.SOLVER.FREEZE_ITERS = 2

    def steps(number, state=None):
        model = torch.nn.Sequential(torch.nn.Linear(1, 1), torch.nn.Linear(1, 1))
        optimizer, _ = build_optimizer(cfg, model, contiguous=False)
        if state is not None:
            optimizer.load_state_dict(state)
        moved = []
        for _ in range(number):
            before = model[0].weight.detach().clone()
            optimizer.zero_grad()
            model(torch.ones(1, 1)).sum().backward()
            optimizer.step()
            moved.append(not torch.equal(model[0].weight, before))
        return moved, optimizer.state_dict()

    frozen, state = steps(2)
    assert frozen == [False, False]
    assert steps(3)[0] == [False, False, True]
    assert steps(1, state)[0] == [True], "layers were frozen anew"


class Opens:
    """A pickle that creates a file on loading."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


def safe_loading():
    from fastreid.utils.checkpoint import Checkpointer

    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as cleanup:
        os.environ["TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD"] = "1"
        cleanup.callback(os.environ.__delitem__, "TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD")
        path, created = Path(folder, "model.pth"), Path(folder, "created")
        torch.save({"model": {}, "extra": Opens(created)}, path)
        with contextlib.suppress(pickle.UnpicklingError):
            Checkpointer(torch.nn.Identity()).load(str(path))
        assert not created.exists(), "the file ran code"


def evaluation():
    from fastreid.config import get_cfg
    from fastreid.evaluation import ReidEvaluator

    # A make that fails, so that the host cannot write into its own folder either.
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as cleanup:
        make = Path(folder, "make")
        make.write_text("#!/bin/sh\nexit 2\n")
        make.chmod(0o755)
        cleanup.callback(os.environ.__setitem__, "PATH", os.environ["PATH"])
        os.environ["PATH"] = folder + os.pathsep + os.environ["PATH"]
        ReidEvaluator(get_cfg(), num_query=1)


def re_ranking():
    from fastreid.utils.compute_dist import build_dist

    assert build_dist(torch.eye(4)[:1], torch.eye(4)[1:], metric="jaccard", k1=2, k2=1).shape == (1, 3)


def launch():
    import importlib

    from fastreid.utils import comm

    host = importlib.import_module("fastreid.engine.launch")
    sizes = []
    with tempfile.TemporaryDirectory() as folder:
        args = (lambda: sizes.append(comm.get_local_size()), 1, 1, 0, f"file://{folder}/group", ())
        host._distributed_worker(0, *args)
    assert sizes == [1]


@contextlib.contextmanager
def process_group():
    with tempfile.TemporaryDirectory() as folder:
        torch.distributed.init_process_group("gloo", init_method=f"file://{folder}/group", rank=0, world_size=1)
        try:
            yield
        finally:
            torch.distributed.destroy_process_group()


def distributed_model():
    from fastreid.engine import defaults

    with process_group():
        model = defaults.DistributedDataParallel(torch.nn.Linear(1, 1), device_ids=[0], broadcast_buffers=False)
        assert isinstance(model, torch.nn.parallel.DistributedDataParallel)
        assert model(torch.ones(1, 1)).shape == (1, 1)


def synchronised_batch_norm():
    from fastreid.layers import get_norm

    with process_group():
        layer = get_norm("syncBN", 1)
        assert layer(torch.tensor([1.0, 3.0]).view(2, 1, 1, 1)).flatten().round().tolist() == [-1, 1]


def object_gathering():
    from fastreid.utils import comm

    with process_group(), warnings.catch_warnings():
        warnings.simplefilter("error")
        tensor = comm._serialize_to_tensor({"rank": 0}, torch.distributed.group.WORLD)
    assert pickle.loads(tensor.numpy().tobytes()) == {"rank": 0}


def profiling():
    from types import SimpleNamespace

    from fastreid.engine.hooks import AutogradProfiler

    with tempfile.TemporaryDirectory() as folder:
        hook = AutogradProfiler(lambda trainer: trainer.iter == 1, folder)
        for iteration in range(3):
            hook.trainer = SimpleNamespace(iter=iteration)
            hook.before_step()
            torch.ones(2).mul(2)
            hook.after_step()
        (trace,) = Path(folder).iterdir()
        assert trace.name == "profiler-trace-iter1.json"
        assert "aten::mul" in trace.read_text()


EXERCISES = {
    "device": device,
    "data loader": data_loader,
    "background loading": background_loading,
    "affine": affine,
    "image to tensor": image_to_tensor,
    "four-field items": four_field_items,
    "set re-weighting": set_re_weighting,
    "network recipes": network_recipes,
    "gradient buffers": gradient_buffers,
    "clipping": clipping,
    "freezing": freezing,
    "safe loading": safe_loading,
    "checkpoints": checkpoints,
    "evaluation": evaluation,
    "re-ranking": re_ranking,
    "launch": launch,
    "distributed model": distributed_model,
    "object gathering": object_gathering,
    "profiling": profiling,
    "synchronised batch norm": synchronised_batch_norm,
}


def outcome(exercise):
    """What came of it: "ok", or the type and text of the exception; SystemExit is one too."""
    try:
        exercise()
    except BaseException as error:
        return f"{type(error).__name__}: {error}"
    return "ok"


def import_host():
    import fastreid.data  # noqa: F401


def random_states():
    return [random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()]  # noqa: NPY002


def main():
    results = {"imports": outcome(import_host)}
    os.environ["FASTREID_COMPAT_SKIP"] = ", ".join(EXERCISES)
    before = random_states()
    import fastreid_compat

    results["random states kept"] = random_states() == before
    results["statuses"] = {name: status for name, _, status in fastreid_compat.adaptations()}
    for name, exercise in EXERCISES.items():
        results[name] = outcome(exercise)
    json.dump(results, sys.stdout)


if __name__ == "__main__":
    main()
