"""Evaluation images made harder, a kind and a strength at a time: what a trained model bears."""

from rendered_people.disturb.folder import disturb
from rendered_people.disturb.kinds import KINDS, STRENGTHS

__all__ = ["KINDS", "STRENGTHS", "disturb"]
