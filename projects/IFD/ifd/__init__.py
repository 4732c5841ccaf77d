"""IFD: identity-aware feature decoupling for clothing-change person re-identification (ICASSP 2025), on fast-reid.

Importing this package makes the installed fast-reid run on the current stack and registers IFD with it: the
meta-architectures ``IFD`` and ``IFDAttentionStream``, the head ``IFDHead``, the data sets of ``datasets_ext`` and the
backbones of ``timm_backbones``. Without fast-reid and PyTorch, ``ifd.feature_extractor`` still runs exported models.
"""

import importlib

from datasets_ext.host import HOST_IS_THERE

if HOST_IS_THERE:
    import timm_backbones  # noqa: F401  (registers)

    from . import modeling  # noqa: F401  (registers)
    from .config import add_ifd_config
else:

    def __getattr__(name: str) -> object:
        if name in __all__:
            # Says what is missing, and how to get it.
            importlib.import_module("fastreid_compat")
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__version__ = "0.2.0"
__all__ = ["add_ifd_config"]
