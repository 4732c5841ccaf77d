"""A graph in 8-bit integers: static quantisation, QDQ, weights per output channel."""

import contextlib
import io
import logging
import os
import tempfile
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from exported_model import INPUT_NAME

from .errors import require_export_package

#: What is worth it: where the time goes, and the additions between, so that residual blocks stay in integers. Anything
#: that touches the clothing mask or the attention map stays as it is.
OPERATORS = ("Conv", "Gemm", "MatMul", "Add")


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
    the time and lose most, of a trained EfficientNet-Lite0 up to 14 points of mAP (README).

    Args:
        source: path of the graph in fp32.
        target: path of what is written.
        batches: (N, C, H, W) float32 each, of images like those to come: they say how large activations get.

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
        quantization.quantize_static(
            prepared,
            target,
            _Batches(batches),
            quant_format=quantization.QuantFormat.QDQ,
            per_channel=True,
            activation_type=quantization.QuantType.QUInt8,
            weight_type=quantization.QuantType.QInt8,
            op_types_to_quantize=list(OPERATORS),
            nodes_to_exclude=_sensitive(onnx.load(prepared).graph),
            calibrate_method=quantization.CalibrationMethod.Percentile,
            # A batch at a time: of all, the activations would take gigabytes.
            extra_options={"CalibPercentile": PERCENTILE, "CalibStridedMinMax": 1},
        )


def _sensitive(graph: Any) -> list[str]:
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
