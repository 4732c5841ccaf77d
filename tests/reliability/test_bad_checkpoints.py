"""Checkpoints and weights that cannot serve, to start from and to evaluate: one sentence, exit code 2."""

import pytest

pytestmark = pytest.mark.cases("CHECKPOINT_CASES", "RESUME_CASES", "BACKBONE_CASES")


def test_a_mistake_is_one_clear_sentence(case, judged):
    outcome, errors = judged(case)
    assert outcome == "clear", errors[-2000:]
