from .clothes_evaluator import ClothesEvaluator
from .matching import MODES
from .ranking import clothes_rank

__all__ = ["MODES", "ClothesEvaluator", "clothes_rank"]
