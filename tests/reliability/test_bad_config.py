"""Configs, command lines and data that cannot work: one sentence, exit code 2, nothing written."""

import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.cases("CONFIG_CASES", "FILE_CASES", "COMMAND_CASES", "DATA_CASES")


def test_a_mistake_is_one_clear_sentence(case, judged, space):
    outcome, errors = judged(case)
    assert outcome == "clear", errors[-2000:]
    assert os.listdir(space.output) == []


@pytest.mark.parametrize(
    "name",
    [
        "SOLVER.MAX_EPOCH 0",
        "two processes, a wrong key",
        pytest.param("two processes, fewer people than they need", marks=pytest.mark.slow),
    ],
)
def test_the_same_from_the_command_itself(name, space):
    bad_input = sys.modules["bad_input"]
    case = next(case for case in bad_input.CASES if case.name == name)
    done = subprocess.run(
        [sys.executable, "projects/IFD/train_net.py", *case.arguments(space)],
        cwd=space.root,
        env={**os.environ, **case.environment(space), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert bad_input.judge(case, done.returncode, done.stdout, done.stderr) == "clear", done.stderr[-2000:]
