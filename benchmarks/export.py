"""An exported model beside the same model, and two of the host's, in PyTorch: both streams, on one thread.

Weights are random, so that int8 says how fast it is and not how well it ranks: that the exporter measures on people.
"""

import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import torch

from .inference import forward_of
from .models import Size, batch_of, built, config, host_config, sizes
from .rows import MissingError, Row, compared

#: Of fp32 at one image, where a search waits for it.
GOAL = 0.67
#: Of two forwards of the host in PyTorch, at one image.
GOAL_BESIDE_HOST = 0.35
TURNS = 9
_BATCHES = (1, 32)
_CALIBRATION = 4
# Many small convolutions, which PyTorch starts one by one.
_OSNET = Size("OSNet x1.0", "build_osnet_backbone", "x1_0", 512, 128, 64, 32)


def _session(path: str) -> Callable[[np.ndarray], object]:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda images: session.run(None, {name: images})


def _rows(size: Size, batches: tuple[int, ...], turns: int) -> list[Row]:
    from model_export.graph import ExportableModel, write_graph
    from model_export.quantization import quantize

    model = ExportableModel(built(config(size)), flip=False).eval()
    images = {batch: batch_of(size.of_batch(batch), 4)["images"] for batch in (*batches, _CALIBRATION)}

    def by_pytorch(batch: int) -> None:
        with torch.no_grad():
            model(images[batch])

    host = forward_of(host_config(config(size)), batch_of(size.of_batch(1), 3), torch.contiguous_format)
    with tempfile.TemporaryDirectory() as folder:
        exact, small = str(Path(folder) / "fp32.onnx"), str(Path(folder) / "int8.onnx")
        write_graph(model, 4, (size.height, size.width), exact)
        quantize(exact, small, [images[_CALIBRATION].numpy()])
        exported = {"fp32": _session(exact), "int8": _session(small)}
        one = compared(
            size.of_batch(1).case,
            "exported in fp32 / 2 forwards of the host in PyTorch",
            partial(exported["fp32"], images[1].numpy()),
            host,
            turns=turns,
            times_other=2,
            goal=GOAL_BESIDE_HOST,
        )
        return [one] + [
            compared(
                size.of_batch(batch).case,
                f"exported in {precision} / PyTorch",
                partial(run, images[batch].numpy()),
                partial(by_pytorch, batch),
                turns=turns,
                goal=GOAL if (precision, batch) == ("fp32", 1) else None,
            )
            for batch in batches
            for precision, run in exported.items()
        ]


def measure(quick: bool) -> list[Row]:
    """See :mod:`benchmarks`."""
    for package in ("onnx", "onnxruntime", "onnxscript"):
        try:
            __import__(package)
        except ImportError as error:
            raise MissingError(f"the package {package} is not installed") from error
    torch.set_num_threads(1)
    turns, batches = (1, _BATCHES[:1]) if quick else (TURNS, _BATCHES)
    # ResNet-50 is a ResNet-18 that takes longer.
    chosen = [size for size in (*sizes(quick), *(() if quick else (_OSNET,))) if size.name != "ResNet-50"]
    return [row for size in chosen for row in _rows(size, batches, turns)]
