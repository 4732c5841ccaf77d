"""What an evaluation is told of a data set."""

import pytest

from clothes_rank import MODES
from datasets_ext import PRCC
from ifd.data import TestFacts as Facts


@pytest.mark.parametrize(
    ("metric_mode", "reason"),
    [("clothing_change", ""), ("same_location", "PRCC has no same_location mode; it has general, same_clothing, ")],
)
def test_facts_are_the_data_sets_own(prcc_root, metric_mode, reason):
    found = Facts.of(PRCC(root=str(prcc_root)), metric_mode)
    assert (found.modes, found.label_kind, found.camera_kind) == (tuple(MODES), "labelled", "labelled")
    assert (found.single_shot_gallery, found.further_labels) == (True, {})
    assert found.no_metric.startswith(reason)
    assert bool(found.no_metric) == bool(reason)
