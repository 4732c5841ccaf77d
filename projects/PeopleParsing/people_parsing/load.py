"""From what a user names to a parser."""

import os

from .hub import HubParser
from .onnx_file import OnnxInput, OnnxParser
from .parser import Parser


def load_parser(
    model: str,
    *,
    device: str | None = None,
    system: str | None = None,
    onnx_input: OnnxInput | None = None,
    onnx_output: str | None = None,
) -> Parser:
    """The parser that a name stands for.

    Args:
        model: ONNX file (ending .onnx), local folder, or name on huggingface.co.
        device: cpu, cuda or cuda:<n>; None: CUDA where there is one.
        system: label system of an ONNX file (default lip); for other models the only one that will do.
        onnx_input: form of an ONNX file's input, see :class:`OnnxParser`.
        onnx_output: name of an ONNX file's output.

    Raises:
        ParserError: the model cannot be loaded, see :class:`HubParser` and :class:`OnnxParser`.
        ValueError: unknown label system.
    """
    model = os.fspath(model)
    if model.lower().endswith(".onnx"):
        return OnnxParser(model, system=system or "lip", device=device, form=onnx_input, output=onnx_output)
    return HubParser(model, device=device, system=system)
