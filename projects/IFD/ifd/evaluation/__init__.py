from clothes_rank import MODES, clothes_rank

from .clothes_evaluator import ClothesEvaluator, DescriptorError
from .result import EvaluationResult, ResultError

__all__ = ["MODES", "ClothesEvaluator", "DescriptorError", "EvaluationResult", "ResultError", "clothes_rank"]
