"""Configs, command lines and data that cannot work: one sentence, exit code 2, nothing written."""

import dataclasses
import os
import re
import subprocess
import sys

import pytest

pytestmark = pytest.mark.cases("CONFIG_CASES", "FILE_CASES", "COMMAND_CASES", "DATA_CASES")


def test_a_mistake_is_one_clear_sentence(case, judged, space):
    outcome, errors = judged(case)
    assert outcome == "clear", errors[-2000:]
    assert os.listdir(space.output) == []


def test_a_damaged_image_in_a_loader_s_worker_is_one_sentence(judged):
    """No image is opened before the training, so that steps may be spent; the worker's traceback is not shown."""
    bad_input = sys.modules["bad_input"]

    def cut(prcc):
        for path in (prcc / "rgb" / "train" / "003").iterdir():
            path.write_bytes(path.read_bytes()[:300])

    case = dataclasses.replace(
        bad_input.damaged_data("a damaged image", "error: Image .*003/.*jpg cannot be read", cut),
        behind=("DATALOADER.NUM_WORKERS", "1"),
    )
    outcome, errors = judged(case)
    assert outcome == "late", errors[-2000:]
    assert re.search(case.says, errors)
    assert len(re.findall("^error: ", errors, re.MULTILINE)) == 1


@pytest.mark.slow
def test_the_same_from_several_processes(space):
    bad_input = sys.modules["bad_input"]
    name = "two processes, fewer people than they need"
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
