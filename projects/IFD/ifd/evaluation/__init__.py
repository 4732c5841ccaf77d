from clothes_rank import MODES, clothes_rank

from .clothes_evaluator import ClothesEvaluator
from .protocol import Protocol
from .result import EvaluationResult, ResultError
from .retrieval import DescriptorError

__all__ = [
    "MODES",
    "ClothesEvaluator",
    "DescriptorError",
    "EvaluationResult",
    "Protocol",
    "ResultError",
    "clothes_rank",
]
