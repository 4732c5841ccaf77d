"""A graph in 8-bit integers: static quantisation, QDQ, weights per output channel."""

import contextlib
import logging
import os
import tempfile
from collections.abc import Iterator, Sequence

import numpy as np

from exported_model import INPUT_NAME

from .errors import require_export_package

#: What is worth it: where the time goes, and the additions between, so that residual blocks stay in integers. Anything
#: that touches the clothing mask or the attention map stays as it is.
OPERATORS = ("Conv", "Gemm", "MatMul", "Add")


class _Batches:
    """onnxruntime's CalibrationDataReader over batches at hand."""

    def __init__(self, batches: Sequence[np.ndarray]):
        self._left: Iterator[np.ndarray] = iter(batches)

    def get_next(self) -> dict[str, np.ndarray] | None:
        batch = next(self._left, None)
        return None if batch is None else {INPUT_NAME: batch}


def quantize(source: str, target: str, batches: Sequence[np.ndarray]) -> None:
    """Writes a graph in int8 beside one in fp32.

    Args:
        source: path of the graph in fp32.
        target: path of what is written.
        batches: (N, C, H, W) float32 each, of images like those to come: they say how large activations get.

    Raises:
        ExportError: onnxruntime or onnx is missing.
    """
    require_export_package("onnx")
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
        )


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """Without onnxruntime's advice, on the root logger, to do what was done."""
    root = logging.getLogger()
    keep = root.level
    root.setLevel(logging.ERROR)
    try:
        yield
    finally:
        root.setLevel(keep)
