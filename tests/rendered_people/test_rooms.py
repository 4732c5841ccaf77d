"""The package knows nobody, and its rooms know only those before them."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import rendered_people

PACKAGE = Path(rendered_people.__file__).parent
# What stands before a room is what it may know; the modules of the package itself know all rooms or none.
ROOMS = ("camera", "render", "person", "clothes", "studio", "folder", "disturb")
VOCABULARY = ("colours", "errors", "labels", "noise", "seeding")
OTHERS = (
    "clothes_rank",
    "datasets_ext",
    "fastreid",
    "fastreid_compat",
    "ifd",
    "people_parsing",
    "person_search",
    "timm_backbones",
)


def imported_names(path):
    """Full names of all that a module imports, inside functions too."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield node.module


def test_no_module_imports_another_project():
    found = {name.split(".")[0] for path in PACKAGE.rglob("*.py") for name in imported_names(path)}
    assert "rendered_people" in found
    assert not found & set(OTHERS)


@pytest.mark.parametrize("room", [*ROOMS, "difficulty", *VOCABULARY])
def test_rooms_know_only_those_before_them(room):
    known = {*VOCABULARY, *ROOMS[: ROOMS.index(room) + 1]} if room in ROOMS else set()
    if room == "difficulty":
        known = {*VOCABULARY, "difficulty"}
    paths = list((PACKAGE / room).glob("*.py")) or [PACKAGE / f"{room}.py"]
    for path in paths:
        inside = {name.split(".")[1] for name in imported_names(path) if name.startswith("rendered_people.")}
        assert inside <= known, path


def test_every_module_imports_where_the_other_projects_cannot_be():
    modules = [
        ".".join(("rendered_people", *path.relative_to(PACKAGE).with_suffix("").parts))
        for path in sorted(PACKAGE.rglob("*.py"))
        if path.stem not in ("__init__", "__main__")
    ]
    assert len(modules) > 30
    code = (
        f"import sys, importlib; sys.modules.update(dict.fromkeys({OTHERS}))\n"
        f"for name in {modules}: importlib.import_module(name)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
