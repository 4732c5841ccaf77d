"""An evaluator for fast-reid that knows clothes, and what an evaluation came to as one typed result.

Knows the host, ``clothes_rank``, and the errors and files of ``datasets_ext``; no method, of config keys the host's.
"""

import fastreid_compat  # noqa: F401  (first: it makes fastreid importable)

from .clothes_evaluator import ClothesEvaluator
from .protocol import Protocol
from .result import EvaluationResult, ResultError
from .retrieval import DescriptorError

__all__ = ["ClothesEvaluator", "DescriptorError", "EvaluationResult", "Protocol", "ResultError"]
