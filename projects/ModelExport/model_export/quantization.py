"""A graph in 8-bit integers: static quantisation, QDQ, weights per output channel."""

import contextlib
import io
import logging
import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from exported_model import INPUT_NAME

from .errors import require_export_package

#: What is worth it: where the time goes, and the additions between, so that residual blocks stay in integers. Anything
#: that touches the clothing mask or the attention map stays as it is.
OPERATORS = ("Conv", "Gemm", "MatMul", "Add")
_MULTIPLYING = OPERATORS[:3]


#: Parts of the network that are tried alone in int8, at most, and the share of them that loses most and stays in fp32.
PARTS, SPARED = 40, 0.05
#: Of each activation's values, in percent; the few beyond are cut, so that the others have finer steps.
PERCENTILE = 99.99


class _Batches:
    """onnxruntime's CalibrationDataReader over batches at hand, which may ask for some of them."""

    def __init__(self, batches: Sequence[np.ndarray]):
        self._batches = batches
        self.set_range(0, len(batches))

    def __len__(self) -> int:
        return len(self._batches)

    def set_range(self, start_index: int, end_index: int) -> None:
        self._left: Iterator[np.ndarray] = iter(self._batches[start_index:end_index])

    def get_next(self) -> dict[str, np.ndarray] | None:
        batch = next(self._left, None)
        return None if batch is None else {INPUT_NAME: batch}


def quantize(source: str, target: str, batches: Sequence[np.ndarray]) -> None:
    """Writes a graph in int8 beside one in fp32.

    Convolutions that read pixels, that work on each channel alone, or that make a map stay in fp32: they take little of
    the time and lose most, of a trained EfficientNet-Lite0 up to 14 points of mAP (README). So does the twentieth of
    the other parts that, alone in int8, moves descriptors most.

    Args:
        source: path of the graph in fp32.
        target: path of what is written.
        batches: (N, C, H, W) float32 each, of images like those to come: they say how large activations get, and the
            first of them what each part loses.

    Raises:
        ExportError: onnxruntime or onnx is missing.
    """
    onnx = require_export_package("onnx")
    quantization = require_export_package("onnxruntime.quantization")
    shape_inference = require_export_package("onnxruntime.quantization.shape_inference")
    with tempfile.TemporaryDirectory(prefix="ifd-int8-") as folder, _quietly():
        prepared = os.path.join(folder, "prepared.onnx")
        # Folds batch normalisation into convolutions; shapes are known from the export.
        shape_inference.quant_pre_process(source, prepared, skip_symbolic_shape=True)
        graph = onnx.load(prepared).graph
        exact = _exact(graph)
        ranges = _ranges(quantization, prepared, os.path.join(folder, "augmented.onnx"), batches)

        def write(path: str, only: Sequence[str] = (), without: Sequence[str] = ()) -> None:
            quantizer = quantization.QDQQuantizer(
                # It changes what it is given.
                onnx.load(prepared),
                per_channel=True,
                reduce_range=False,
                weight_qType=quantization.QuantType.QInt8,
                activation_qType=quantization.QuantType.QUInt8,
                tensors_range=ranges,
                nodes_to_quantize=list(only),
                nodes_to_exclude=list(without),
                op_types_to_quantize=list(OPERATORS),
                extra_options={},
            )
            quantizer.quantize_model()
            quantizer.model.save_model_to_file(path, False)

        expected = _descriptors(prepared, batches[0])
        multiplying = [node.name for node in graph.node if node.op_type in _MULTIPLYING and node.name not in exact]
        parts = [part.tolist() for part in np.array_split(multiplying, min(PARTS, len(multiplying))) if len(part)]
        losses = []
        for part in parts:
            write(target, only=part)
            losses.append(float(np.square(_descriptors(target, batches[0]) - expected).mean()))
        worst = np.argsort(losses)[::-1][: round(SPARED * len(parts))]
        write(target, without=[*exact, *(name for place in worst for name in parts[place])])


def _ranges(quantization: Any, path: str, augmented: str, batches: Sequence[np.ndarray]) -> Any:
    """How large activations get."""
    calibrator = quantization.create_calibrator(
        Path(path),
        list(OPERATORS),
        augmented_model_path=augmented,
        calibrate_method=quantization.CalibrationMethod.Percentile,
        extra_options={"percentile": PERCENTILE},
    )
    reader = _Batches(batches)
    # A batch at a time: of all, the activations would take gigabytes.
    for place in range(len(reader)):
        reader.set_range(place, place + 1)
        calibrator.collect_data(reader)
    return calibrator.compute_data()


def _descriptors(path: str, images: np.ndarray) -> np.ndarray:
    session = require_export_package("onnxruntime").InferenceSession(path, providers=["CPUExecutionProvider"])
    found: np.ndarray = session.run(None, {INPUT_NAME: images})[0]
    return found


def _exact(graph: Any) -> list[str]:
    """Names of the convolutions that lose much and take little time."""
    shapes = {weights.name: tuple(weights.dims) for weights in graph.initializer}
    found = []
    for node in graph.node:
        shape = shapes.get(node.input[1]) if node.op_type == "Conv" else None
        if shape is None:
            continue
        groups = next((one.i for one in node.attribute if one.name == "group"), 1)
        reads_pixels, makes_map, is_depthwise = (
            shape[1] in (3, 4) and groups == 1,
            shape[0] <= 2,
            groups == shape[0] > 1,
        )
        if reads_pixels or makes_map or is_depthwise:
            found.append(node.name)
    return found


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """Without onnxruntime's advice, on the root logger, to do what was done, and what it prints of each batch."""
    root = logging.getLogger()
    keep = root.level
    root.setLevel(logging.ERROR)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            yield
    finally:
        root.setLevel(keep)
