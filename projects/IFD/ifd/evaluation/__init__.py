from clothes_rank import MODES, clothes_rank

from .clothes_evaluator import ClothesEvaluator

__all__ = ["MODES", "ClothesEvaluator", "clothes_rank"]
