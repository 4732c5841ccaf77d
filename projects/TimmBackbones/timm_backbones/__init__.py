"""Any timm model that yields maps as a backbone of fast-reid: MODEL.BACKBONE.NAME build_timm_backbone.

Importing this package registers the builder with the host; timm itself is loaded when a backbone is built.
"""

import fastreid_compat  # noqa: F401  (first: it makes fastreid importable)

from .build import build_timm_backbone
from .errors import BackboneError

__all__ = ["BackboneError", "build_timm_backbone"]
