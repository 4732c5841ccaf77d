from .clothes_evaluator import MODES, ClothesEvaluator
from .ranking import clothes_rank

__all__ = ["MODES", "ClothesEvaluator", "clothes_rank"]
