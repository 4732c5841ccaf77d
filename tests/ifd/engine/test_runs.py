"""What a run's evaluation came to."""

import pytest

from fastreid_runs import Run, RunError
from ifd.engine.runs import result_of


@pytest.mark.parametrize(("evaluates", "folder"), [(False, "run"), (True, "run/eval")])
def test_results_of_an_evaluation_lie_below_eval(tmp_path, made_up, evaluates, folder):
    run = Run("a run", tmp_path / "run", [], evaluates=evaluates)
    with pytest.raises(RunError, match=r"a run: .*results_PRCC\.json does not exist.*: delete .*run\.json"):
        result_of(run, "PRCC")
    (tmp_path / folder).mkdir(parents=True)
    written = made_up.result({})
    written.save(tmp_path / folder / "results_PRCC.json")
    assert result_of(run, "PRCC") == written
