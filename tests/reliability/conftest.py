"""The cases of bad_input.py, each given to the command in this process."""

import importlib.util
import sys
from pathlib import Path

import pytest

_PATH = Path(__file__).with_name("bad_input.py")


def load_bad_input():
    """The script as a module; its folder is on no path."""
    if "bad_input" not in sys.modules:
        spec = importlib.util.spec_from_file_location("bad_input", _PATH)
        sys.modules["bad_input"] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules["bad_input"])
    return sys.modules["bad_input"]


def pytest_generate_tests(metafunc):
    """A test with an argument ``case`` names lists of bad_input.py in its mark ``cases``."""
    if "case" in metafunc.fixturenames:
        bad_input = load_bad_input()
        lists = metafunc.definition.get_closest_marker("cases").args
        cases = [case for name in lists for case in getattr(bad_input, name) if not case.processes]
        metafunc.parametrize("case", cases, ids=[f"{case.group}: {case.name}" for case in cases])


@pytest.fixture
def space(pytestconfig, prcc_root, finished, tmp_path):
    """Folders for a case's input and output, beside a data set and a finished run."""
    (tmp_path / "files").mkdir()
    (tmp_path / "output").mkdir()
    run = Path(finished[0].OUTPUT_DIR)
    return load_bad_input().Space(pytestconfig.rootpath, prcc_root, run, tmp_path / "files", tmp_path / "output")


@pytest.fixture
def judged(space, call_script):
    """Runs train_net.py with a case's input; returns (one of bad_input.OUTCOMES, stderr)."""

    def judged(case):
        if case.prepare:
            case.prepare(space)
        code, output, errors = call_script(
            "projects/IFD/train_net.py", *case.arguments(space), **case.environment(space)
        )
        return load_bad_input().judge(case, code, output, errors), errors

    return judged
