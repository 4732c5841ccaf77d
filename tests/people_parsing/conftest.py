"""Parsing models small enough to be built by the tests, saved as their users save them."""

import os

import numpy as np
import pytest
import torch
from PIL import Image

from datasets_ext import label_system
from people_parsing import Parser


class Brightness(Parser):
    """Pixels as labels: 5 on the bright ones. Its inputs have the size of the image, so that batches mix shapes.

    stop_after: steps after which it is interrupted; None: never.
    """

    def __init__(self):
        self.system = label_system("lip")
        self.batches = []
        self.stop_after = None

    def prepare(self, image):
        return torch.from_numpy(np.array(image)).permute(2, 0, 1).float()

    def parse(self, inputs, sizes):
        if self.stop_after is not None and len(self.batches) >= self.stop_after:
            raise KeyboardInterrupt
        self.batches.append(len(inputs))
        assert all(size == tuple(inputs.shape[:1:-1]) for size in sizes)
        return [(5 * (pixels.mean(0) > 127)).numpy().astype(np.uint8) for pixels in inputs]


@pytest.fixture
def brightness():
    return Brightness()


@pytest.fixture
def tree(tmp_path):
    """Folder with `images`, seven of different sizes and kinds, and files that are none."""
    random = np.random.default_rng(0)
    names = ["a.jpg", "b.PNG", "sub/c.png", "sub/d.bmp", "sub/deep/e.tif", "sub/deep/f.webp", "z.jpeg"]
    for index, name in enumerate(names):
        path = tmp_path / "images" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(random.integers(0, 256, (8 + index % 2, 6, 3), dtype=np.uint8)).save(path)
    for name in (".hidden.jpg", "notes.txt"):
        (tmp_path / "images" / name).write_text("x")
    return tmp_path


@pytest.fixture(scope="session")
def prcc_root(parsed_prcc_root):
    """Folder for FASTREID_DATASETS with 6 training and 4 test people, 3 images a camera."""
    return parsed_prcc_root


@pytest.fixture(scope="session")
def save_segformer(tmp_path_factory):
    """Saves a tiny SegFormer with the given label names and an image processor of 64x32 pixels; returns its folder."""
    transformers = pytest.importorskip("transformers")

    def save(names, model_class="SegformerForSemanticSegmentation"):
        torch.manual_seed(0)
        config = transformers.SegformerConfig(
            hidden_sizes=[8] * 4,
            depths=[1] * 4,
            num_attention_heads=[1] * 4,
            decoder_hidden_size=8,
            id2label=dict(enumerate(names)),
            label2id={name: value for value, name in enumerate(names)},
        )
        folder = str(tmp_path_factory.mktemp("segformer"))
        getattr(transformers, model_class)(config).save_pretrained(folder)
        transformers.SegformerImageProcessor(size={"height": 64, "width": 32}).save_pretrained(folder)
        return folder

    return save


@pytest.fixture(scope="session")
def atr_model(save_segformer):
    """Folder of a SegFormer with ATR's labels in the reverse order and another spelling."""
    return save_segformer([name.replace("-", " ").lower() for name in label_system("atr").names[::-1]])


@pytest.fixture
def save_onnx(tmp_path):
    """Saves a model whose logits of labels 0, 1 and 2 are the channels of its input, and -9 for all others."""
    onnx = pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    from onnx import TensorProto, helper, numpy_helper

    def save(channels=20, shape=("N", 3, "H", "W"), others=(), name="model.onnx"):
        """others: (name, channels) of further outputs before the logits, all zeros."""
        nodes, weights, outputs = [], [], []
        for output, count in (*others, ("logits", channels)):
            kernel = np.zeros((count, shape[1], 1, 1), np.float32)
            bias = np.zeros(count, np.float32)
            if output == "logits":
                kernel[:3, :3, 0, 0] = np.eye(3)
                bias[3:] = -9
            weights += [numpy_helper.from_array(kernel, f"{output}_k"), numpy_helper.from_array(bias, f"{output}_b")]
            nodes.append(helper.make_node("Conv", ["input", f"{output}_k", f"{output}_b"], [output]))
            outputs.append(helper.make_tensor_value_info(output, TensorProto.FLOAT, [shape[0], count, *shape[2:]]))
        inputs = [helper.make_tensor_value_info("input", TensorProto.FLOAT, shape)]
        graph = helper.make_graph(nodes, "parser", inputs, outputs, weights)
        # Versions that any onnxruntime of the last years reads.
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
        path = os.path.join(tmp_path, name)
        onnx.save(model, path)
        return path

    return save
