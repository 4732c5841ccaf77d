"""A model as search uses it, before and as a graph."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from ifd.modeling.stream_features import Description
from model_export import ExportError
from model_export.graph import ExportableModel, needs_mask, write_graph


class Sided(nn.Module):
    """Tells left from right; refuses RGB alone where it looks at masks."""

    def __init__(self, masked=False, attention=False):
        super().__init__()
        self.masked, self.attention = masked, attention

    def describe(self, batch):
        images = batch["images"]
        if self.masked and images.shape[1] == 3:
            raise ValueError("no mask")
        descriptors = torch.stack([images[:, 0, :, 0].sum(1), images[:, 1].sum((1, 2))], 1)
        return Description(descriptors, images[:, :1].sigmoid() if self.attention else None)


@pytest.mark.parametrize("flip", [False, True])
def test_descriptors_have_length_1_and_are_the_mean_of_both_sides(flip):
    images = torch.rand(5, 3, 4, 6)
    left, right, both = images[:, 0, :, 0].sum(1), images[:, 0, :, -1].sum(1), images[:, 1].sum((1, 2))
    expected = torch.stack([(left + right) / 2 if flip else left, both], 1)
    found = ExportableModel(Sided(), flip)(images)
    assert torch.allclose(found, F.normalize(expected))


def test_an_attention_map_is_that_of_the_image_itself():
    images = torch.rand(2, 3, 4, 6)
    _, attention = ExportableModel(Sided(attention=True), flip=True)(images)
    assert torch.equal(attention, images[:, :1].sigmoid())


@pytest.mark.parametrize("masked", [False, True])
def test_a_model_needs_masks_that_refuses_images_without(masked):
    assert needs_mask(Sided(masked=masked), (4, 6)) == masked


def test_what_no_graph_can_say_is_told_in_a_sentence(tmp_path, monkeypatch):
    pytest.importorskip("onnxscript")

    def refuse(*args, **kwargs):
        # As PyTorch does: what happened is the cause, and the message pages of advice.
        try:
            raise RuntimeError("\n  Could not guard on data-dependent expression\n\nmore of it")
        except RuntimeError as cause:
            raise torch.onnx.errors.OnnxExporterError("Failed to export.\n" + "Try this.\n" * 50) from cause

    monkeypatch.setattr(torch.onnx, "export", refuse)
    with pytest.raises(ExportError) as told:
        write_graph(ExportableModel(Sided(), flip=False).eval(), 3, (4, 6), str(tmp_path / "model.onnx"))
    assert str(told.value) == (
        f"PyTorch {torch.__version__} cannot turn this model into a graph: Could not guard on data-dependent expression"
    )
