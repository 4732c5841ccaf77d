"""Makes the untouched fast-reid toolbox run on current Python, PyTorch and NumPy, and without CUDA.

`import fastreid_compat` before the first `import fastreid`; `python -m fastreid_compat` shows what was adapted.
"""

from .device_config import available_device_config
from .table import adaptations, apply

__all__ = ["adaptations", "available_device_config"]

apply()
