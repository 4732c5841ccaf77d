"""Compiled backbones learn what plain ones learn, and a machine without a compiler is told before the training."""

import copy

import pytest
import torch
from fastreid.config import get_cfg
from fastreid.engine.train_loop import SimpleTrainer
from fastreid.utils.events import EventStorage
from torch import nn

from fastreid_runs import ConfigError, compiling, run_config
from fastreid_runs.compiling import check_compiler, compile_backbones
from fastreid_runs.config_values import HOST_RANGES, check_values
from fastreid_runs.steps import fit_for_training
from fastreid_runs.trial import HOST, try_config


class Backbone(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.norm = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)

    def forward(self, images):
        return self.norm(self.conv(images)).relu()


class Model(nn.Module):
    """Two streams, as IFD has them."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.backbone = Backbone()
        self.stream = nn.ModuleDict({"backbone": Backbone()})

    def forward(self, images):
        maps = self.backbone(images) * self.stream["backbone"](images)
        return {"loss": maps.mean((1, 2, 3)).square().sum()}


def losses_of(model, count=3):
    random = torch.Generator().manual_seed(0)
    batches = [torch.randn(4, 3, 8, 8, generator=random) for _ in range(count)]
    loop = SimpleTrainer(model, batches, torch.optim.SGD(model.parameters(), 0.1), None)
    losses = []
    with EventStorage(0) as storage:
        for _ in batches:
            loop.run_step()
            losses.append(storage.latest()["total_loss"][0])
            storage.step()
    return torch.tensor(losses)


@pytest.mark.slow
def test_compiled_backbones_learn_the_same(monkeypatch):
    compiled, asked = compiling._compiled, []
    monkeypatch.setattr(compiling, "_compiled", lambda function: asked.append(function) or compiled(function))
    plain, model = Model(), Model()
    assert compile_backbones(model) == 2
    torch.testing.assert_close(losses_of(model), losses_of(plain), atol=1e-6, rtol=1e-5)
    assert asked == 6 * [Backbone.forward]
    for (name, value), (other, expected) in zip(model.state_dict().items(), plain.state_dict().items(), strict=True):
        assert name == other
        torch.testing.assert_close(value, expected, atol=1e-5, rtol=1e-4)
    images = torch.randn(2, 3, 8, 8)
    model.eval(), plain.load_state_dict(model.state_dict()), plain.eval()
    assert torch.equal(model(images)["loss"], plain(images)["loss"])
    assert len(asked) == 6
    assert copy.deepcopy(model).backbone.forward.__self__ is not model.backbone


def test_without_a_compiler_a_sentence_comes_first(monkeypatch):
    cpp = pytest.importorskip("torch._inductor.config").cpp
    monkeypatch.setattr(cpp, "cxx", (None, "/no/such/compiler"))
    torch.compiler.reset()
    monkeypatch.setattr(torch._inductor.config, "force_disable_caches", True)
    with pytest.raises(ConfigError, match="takes a C\\+\\+ compiler .* SOLVER.COMPILE to False"):
        check_compiler("cpu")
    torch.compiler.reset()


def test_a_config_is_refused_before_anything_is_built(monkeypatch):
    cfg = run_config()
    cfg.SOLVER.COMPILE = True

    def refuse(device):
        raise ConfigError(f"no compiler on {device}")

    monkeypatch.setattr("fastreid_runs.trial.check_compiler", refuse)
    cfg.MODEL.DEVICE = "cpu"
    with pytest.raises(ConfigError, match="no compiler on cpu"):
        try_config(cfg, HOST)
    cfg.SOLVER.RECOMPUTE_ACTIVATIONS = True
    with pytest.raises(ConfigError, match="are both on; switch one off"):
        check_values(cfg, HOST_RANGES)


@pytest.mark.parametrize("key", ["COMPILE", "RECOMPUTE_ACTIVATIONS"])
def test_a_model_without_such_parts_is_refused(key):
    cfg = run_config()
    cfg.SOLVER[key] = True
    with pytest.raises(ConfigError, match=f"SOLVER.{key} is on, but"):
        fit_for_training(cfg, nn.Linear(2, 2))
    fit_for_training(get_cfg(), nn.Linear(2, 2))
