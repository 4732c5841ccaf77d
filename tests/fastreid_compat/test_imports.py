"""Importing: nothing fake stays behind, a mended clone is left alone, and what is missing is named."""

import collections
import json
import os
import shutil
import sys
from pathlib import Path

import fastreid
import pytest

from fastreid_compat import imports


def test_nothing_fake_stays_behind():
    assert "torch._six" not in sys.modules
    assert not hasattr(collections, "Mapping")


def test_removed_names_are_there_for_as_long_as_asked():
    with imports._removed_names():
        from collections.abc import Mapping

        from torch._six import string_classes

        assert isinstance({}, Mapping)
        assert isinstance("", string_classes)
    test_nothing_fake_stays_behind()


def test_removed_names_go_when_the_import_fails():
    with pytest.raises(KeyError), imports._removed_names():
        raise KeyError
    test_nothing_fake_stays_behind()


MENDED = {
    "data/build.py": {
        "from torch._six import string_classes": "string_classes = (str, bytes)",
        "from collections import Mapping": "from collections.abc import Mapping",
    },
    "evaluation/testing.py": {
        "from collections import Mapping, OrderedDict": "from collections import OrderedDict\n"
        "from collections.abc import Mapping",
    },
    "data/transforms/build.py": {"resample=False": "interpolation=0", "fillcolor=0": "fill=0"},
}


def test_a_clone_mended_by_its_owner_is_left_alone(tmp_path, run_python):
    clone = tmp_path / "fast-reid" / "fastreid"
    shutil.copytree(Path(fastreid.__file__).parent, clone, ignore=shutil.ignore_patterns("__pycache__"))
    for name, changes in MENDED.items():
        text = (clone / name).read_text()
        for old, new in changes.items():
            assert old in text
            text = text.replace(old, new)
        (clone / name).write_text(text)

    search_path = os.pathsep.join([str(clone.parent), os.environ.get("PYTHONPATH", "")])
    finished = run_python("-m", "fastreid_compat", PYTHONPATH=search_path)
    assert finished.returncode == 0, finished.stderr
    assert "Warning" not in finished.stderr
    lines = finished.stdout.splitlines()
    assert lines[0] == f"fastreid {fastreid.__version__} by its own word at {clone}"
    statuses = {line.split("  ")[0]: line.rstrip().rsplit("  ", 1)[-1].strip() for line in lines[3:]}
    assert statuses["imports"] == "not needed"
    assert statuses["affine"] == "not needed"
    assert statuses["gradient buffers"] == "applied"


BLOCK = """
import importlib, json, sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == self.name:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

messages = {}
for Missing.name in ("fastreid", "faiss", "yacs"):
    imported = ("fastreid", "fastreid_compat", Missing.name)
    for name in [name for name in sys.modules if name.partition(".")[0] in imported]:
        del sys.modules[name]
    finder = Missing()
    sys.meta_path.insert(0, finder)
    try:
        import fastreid_compat
    except ImportError as error:
        messages[Missing.name] = [str(error), error.name]
    sys.meta_path.remove(finder)
print(json.dumps(messages))
"""


def test_what_is_missing_is_named_with_the_way_to_get_it(run_python):
    finished = run_python("-c", BLOCK)
    assert finished.returncode == 0, finished.stderr
    messages = json.loads(finished.stdout)
    message, name = messages["fastreid"]
    assert name == "fastreid"
    assert "pip install --no-deps fastreid==1.4.0" in message
    assert "PYTHONPATH" in message
    assert messages["faiss"] == [
        "fastreid needs the Python package 'faiss', which is not installed. Install it with: pip install faiss-cpu",
        "faiss",
    ]
    assert messages["yacs"][0].endswith("pip install yacs")


def test_a_host_that_lacks_but_one_of_the_names_needs_them_too(monkeypatch):
    def fail(name):
        raise ImportError("cannot import name 'Mapping' from 'collections'", name="collections")

    monkeypatch.setattr(imports.importlib, "import_module", fail)
    assert imports._removed_names_missing()


def test_an_import_error_that_is_not_ours_passes_through(monkeypatch):
    def fail(name):
        raise ModuleNotFoundError("No module named 'numpy.gone'", name="numpy.gone")

    monkeypatch.setattr(imports.importlib, "import_module", fail)
    with pytest.raises(ModuleNotFoundError, match="numpy.gone"):
        imports._removed_names_missing()
