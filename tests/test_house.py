"""The rooms of the house: which package may know which, and that each stands without those above it."""

import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

FOLDERS = {
    "clothes_evaluation": "projects/ClothesEvaluation/clothes_evaluation",
    "clothes_methods": "projects/ClothesMethods/clothes_methods",
    "clothes_rank": "projects/ClothesRank/clothes_rank",
    "datasets_ext": "datasets_ext",
    "exported_model": "projects/ExportedModel/exported_model",
    "fastreid_compat": "projects/FastReIDCompat/fastreid_compat",
    "fastreid_runs": "projects/FastReIDRuns/fastreid_runs",
    "ifd": "projects/IFD/ifd",
    "ifd_ablation": "projects/IFDAblation/ifd_ablation",
    "ifd_figures": "projects/IFDFigures/ifd_figures",
    "masked_images": "projects/MaskedImages/masked_images",
    "model_export": "projects/ModelExport/model_export",
    "people_parsing": "projects/PeopleParsing/people_parsing",
    "person_search": "projects/PersonSearch/person_search",
    "rendered_people": "projects/RenderedPeople/rendered_people",
    "timm_backbones": "projects/TimmBackbones/timm_backbones",
}
# What the method may import of ours and of the host.
METHOD = {
    "clothes_evaluation",
    "clothes_methods",
    "clothes_rank",
    "datasets_ext",
    "exported_model",
    "fastreid",
    "fastreid_compat",
    "fastreid_runs",
    "masked_images",
    "people_parsing",
    "timm_backbones",
}
# What each may.
BELOW = {
    "clothes_methods": set(),
    "clothes_rank": set(),
    "exported_model": set(),
    "rendered_people": set(),
    "fastreid_compat": {"fastreid"},
    "datasets_ext": {"fastreid", "fastreid_compat"},
    "clothes_evaluation": {"clothes_rank", "datasets_ext", "fastreid", "fastreid_compat"},
    "timm_backbones": {"fastreid", "fastreid_compat"},
    "fastreid_runs": {"datasets_ext", "fastreid", "fastreid_compat"},
    "people_parsing": {"datasets_ext", "fastreid", "fastreid_compat"},
    "masked_images": {
        "clothes_methods",
        "datasets_ext",
        "exported_model",
        "fastreid",
        "fastreid_compat",
        "fastreid_runs",
    },
    "ifd": METHOD,
    "ifd_ablation": {"ifd", *METHOD},
    "ifd_figures": {"ifd", *METHOD},
    "model_export": {"ifd", *METHOD},
    "person_search": {
        "clothes_rank",
        "datasets_ext",
        "exported_model",
        "fastreid",
        "fastreid_compat",
        "ifd",
        "people_parsing",
    },
}
# Imported where they are used only: a model in an ONNX file needs none of them.
LAZY = {"person_search": (BELOW["person_search"] - {"exported_model"}) | {"torch"}}
# Packages that only an extra brings, and whose extra it is.
EXTRAS = {
    "anny": {"rendered_people"},
    "fastapi": {"person_search"},
    "onnx": {"model_export"},
    "onnxruntime": {"exported_model", "people_parsing", "person_search"},
    "pyarrow": {"clothes_rank"},
    "pymilvus": {"person_search"},
    "pytorch_grad_cam": {"ifd_figures"},
    "ray": {"person_search"},
    "timm": {"timm_backbones"},
    "transformers": {"people_parsing"},
}
# Tests of no file alone, and of what.
OF_NO_FILE = {
    "datasets_ext/check/test_traps.py": "the traps of each data set, through the whole check",
    "datasets_ext/test_host_training.py": "the host's trainer on our data sets",
    "datasets_ext/test_rendered_layouts.py": "the renderer's trees through every reader",
    "fastreid_compat/test_each_adaptation.py": "the host without each adaptation, and with it",
    "fastreid_compat/test_training.py": "the host's own training, adapted",
    "fastreid_compat/test_untouched_host.py": "the host's files",
    "ifd/engine/test_datasets.py": "data sets of every kind through both stages",
    "ifd/engine/test_host_features.py": "what the host offers around a model",
    "ifd/modeling/test_timm_backbones.py": "the method on timm's models",
    "person_search/page/test_browser.py": "the page in a browser",
    "person_search/test_server.py": "galleries on a server of Milvus",
    "rendered_people/test_rooms.py": "the package's rooms",
    "test_house.py": "the rooms of the repository",
    "test_packaging.py": "the distribution",
}


@pytest.fixture(scope="module")
def root(pytestconfig):
    return Path(pytestconfig.rootpath)


def imported(path: Path, package: str) -> set[str]:
    """Names of the modules that a file imports anywhere, relative ones resolved below ``package``."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            found |= {module, *(f"{module}.{alias.name}" for alias in node.names)}
    return found


def modules(root: Path, name: str) -> dict[str, tuple[Path, str]]:
    """Module -> (file, the package that its relative imports start from)."""
    folder = root / FOLDERS[name]
    found = {}
    for path in sorted(folder.rglob("*.py")):
        parts = [name, *path.relative_to(folder).with_suffix("").parts]
        is_package = parts[-1] == "__init__"
        module = ".".join(parts[:-1] if is_package else parts)
        found[module] = (path, module if is_package else module.rpartition(".")[0])
    return found


def has_code(path: Path) -> bool:
    return any(
        isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) for node in ast.walk(ast.parse(path.read_text()))
    )


def mirror(path: Path) -> Path:
    """tests/<package>/<room>/test_<module>.py, of a module's path below the folder that holds its package."""
    return path.with_name(f"test_{path.stem.strip('_')}.py")


def test_every_module_with_code_has_a_test_of_its_name(root):
    lacking = [
        str(path.relative_to(root))
        for name, folder in FOLDERS.items()
        for path in sorted((root / folder).rglob("*.py"))
        if has_code(path) and not (root / "tests" / name / mirror(path.relative_to(root / folder))).exists()
    ]
    assert not lacking


def test_every_test_has_the_name_of_what_it_tests(root):
    """A module; a script of tools, or beside them; a README; or it stands in OF_NO_FILE."""
    tests = root / "tests"
    mirrored = {
        tests / name / mirror(path.relative_to(root / folder))
        for name, folder in FOLDERS.items()
        for path in (root / folder).rglob("*.py")
    }
    mirrored |= {
        tests / "benchmarks" / mirror(path.relative_to(root / "benchmarks"))
        for path in (root / "benchmarks").glob("*.py")
    }
    mirrored |= {
        tests / name / "test_readme.py"
        for name, folder in FOLDERS.items()
        if (root / folder / ".." / "README.md").exists()
    }
    scripts = {
        f"test_{path.name}" for pattern in ("*.py", "tools/*.py") for path in (root / "projects").glob(f"*/{pattern}")
    }
    others = {
        str(path.relative_to(tests))
        for path in tests.rglob("test_*.py")
        if path not in mirrored and path.name not in scripts and path.relative_to(tests).parts[0] != "reliability"
    }
    assert others == set(OF_NO_FILE)


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md"])
def test_the_house_is_drawn_with_every_room(root, document):
    words = set(re.findall(r"\w+", (root / document).read_text()))
    assert not [name for name, folder in FOLDERS.items() if not {name, *Path(folder).parts} <= words]


def lines(files: Iterable[Path]) -> int:
    return sum(len(path.read_text().splitlines()) for path in files)


def test_the_readme_is_read_in_ten_minutes(root):
    """What is more goes to the README of a project."""
    assert lines([root / "README.md"]) <= 200


@pytest.mark.parametrize("name", FOLDERS)
def test_imports_point_down_only(root, name):
    ours = {*FOLDERS, "fastreid"}
    wrong = {
        (module, other)
        for module, (path, package) in modules(root, name).items()
        for other in {found.split(".")[0] for found in imported(path, package)} & ours - {name} - BELOW[name]
    }
    assert not wrong


# Each package is imported in a process of its own, forked from one that holds what takes long to import and that any of
# them may import.
IMPORTS = """
import importlib, json, os, sys, traceback
import torch, torchvision, sklearn.metrics
known = set(sys.modules)
class Without:
    # As where they are not installed: no finder finds them.
    def __init__(self, finder, blocked):
        self.finder, self.blocked = finder, blocked
    def find_spec(self, name, path=None, target=None):
        return None if name.split(".")[0] in self.blocked else self.finder.find_spec(name, path, target)
    def __getattr__(self, name):
        return getattr(self.finder, name)
for name, (blocked, modules) in json.load(sys.stdin).items():
    process = os.fork()
    if not process:
        try:
            for module in known:
                if module.split(".")[0] in blocked:
                    del sys.modules[module]
            sys.meta_path[:] = [Without(finder, blocked) for finder in sys.meta_path]
            for module in modules:
                importlib.import_module(module)
        except BaseException:
            print(name, traceback.format_exc(), sep=": ", flush=True)
        finally:
            os._exit(0)
    os.waitpid(process, 0)
"""


def test_each_package_imports_without_those_above_it_and_the_extras_of_others(root):
    asked = {}
    for name in FOLDERS:
        blocked = {*FOLDERS, "fastreid"} - {name} - BELOW[name]
        blocked |= LAZY.get(name, set()) | {extra for extra, owners in EXTRAS.items() if name not in owners}
        asked[name] = (sorted(blocked), [module for module in sorted(modules(root, name)) if "__main__" not in module])
    done = subprocess.run(
        [sys.executable, "-c", IMPORTS], input=json.dumps(asked), capture_output=True, text=True, cwd=root, check=True
    )
    assert not done.stdout


def test_rooms_of_the_method_import_in_one_direction(root):
    edges: dict[str, set[str]] = {}
    known = modules(root, "ifd")
    for module, (path, package) in known.items():
        room = module.split(".")[1] if "." in module else ""
        for other in imported(path, package):
            parts = other.split(".")
            if room and parts[0] == "ifd" and len(parts) > 1 and parts[1] != room and f"ifd.{parts[1]}" in known:
                edges.setdefault(room, set()).add(parts[1])
    order: list[str] = []

    def visit(room: str, path: tuple[str, ...]) -> None:
        assert room not in path, f"a circle: {' -> '.join((*path, room))}"
        if room not in order:
            for other in sorted(edges.get(room, ())):
                visit(other, (*path, room))
            order.append(room)

    for room in sorted(edges):
        visit(room, ())


def test_the_method_itself_reads_in_an_hour(root):
    """Layers, streams and losses; what trains and checks them is the engine's."""
    rooms = ("modeling", "losses")
    known = modules(root, "ifd")
    files = [path for module, (path, _) in known.items() if module.split(".")[1:2] in [[room] for room in rooms]]
    assert lines(files) < 1500


def test_the_method_s_package_holds_the_method_alone(root):
    """What does not belong to it goes to a room of its own, see CONTRIBUTING.md."""
    assert lines(path for path, _ in modules(root, "ifd").values()) < 4000
