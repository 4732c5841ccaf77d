"""Whether fast-reid and PyTorch are there: images, maps and label systems do without, data sets do not.

A machine that serves an exported model has neither. Where both are, the host is made importable first.
"""

from importlib.util import find_spec

HOST_IS_THERE = find_spec("fastreid") is not None and find_spec("torch") is not None

if HOST_IS_THERE:
    import fastreid_compat  # noqa: F401
