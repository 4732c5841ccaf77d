"""IFD: identity-aware feature decoupling for clothing-change person re-identification (ICASSP 2025), on fast-reid.

Importing this package makes the installed fast-reid run on the current stack and registers IFD with it: the
meta-architectures ``IFD`` and ``IFDAttentionStream``, the head ``IFDHead``, the data sets of ``datasets_ext`` and the
backbones of ``timm_backbones``.
"""

import fastreid_compat  # noqa: F401  (first: it makes fastreid importable)
import timm_backbones  # noqa: F401  (registers)

from . import modeling  # noqa: F401  (registers)
from .config import add_ifd_config

__version__ = "0.2.0"
__all__ = ["add_ifd_config"]
