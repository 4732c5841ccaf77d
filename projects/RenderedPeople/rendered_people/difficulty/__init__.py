"""How far colours alone get on a finished benchmark, with and without a change of clothes; nothing is trained."""

from rendered_people.difficulty.measure import Result, measure_difficulty

__all__ = ["Result", "measure_difficulty"]
