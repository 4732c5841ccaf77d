"""What a wheel holds, and that the host is left alone."""

import ast
import configparser
import os
import re
import sys
from importlib.metadata import packages_distributions

import pytest

ROOTS = {
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


@pytest.fixture(scope="module")
def metadata(pytestconfig):
    parser = configparser.ConfigParser()
    parser.read(pytestconfig.rootpath / "setup.cfg")
    return parser


def test_the_list_of_packages_is_the_tree(metadata, pytestconfig):
    found = set()
    for package, folder in ROOTS.items():
        for path, _, files in os.walk(pytestconfig.rootpath / folder):
            if "__init__.py" in files:
                relative = os.path.relpath(path, pytestconfig.rootpath / folder)
                found.add(package if relative == "." else f"{package}.{relative.replace(os.sep, '.')}")
    assert set(metadata["options"]["packages"].split()) == found


def test_every_package_has_its_folder(metadata):
    lines = metadata["options"]["package_dir"].strip().splitlines()
    assert dict(line.split(" = ") for line in lines) == ROOTS


def test_what_is_imported_is_declared(metadata, pytestconfig):
    """Whether at once or where it is used, and by which extra: what comes along with another package may stop to."""
    lists = [metadata["options"]["install_requires"], *metadata["options.extras_require"].values()]
    declared = {re.split(r"[\[<>=;]", line)[0].strip().lower() for lines in lists for line in lines.splitlines()}
    imported: dict[str, str] = {}
    for folder in ROOTS.values():
        for path in (pytestconfig.rootpath / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Import):
                    imported |= {alias.name.split(".")[0]: str(path) for alias in node.names}
                elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
                    imported[node.module.split(".")[0]] = str(path)
    # The host goes in by hand.
    foreign = set(imported) - set(ROOTS) - set(sys.stdlib_module_names) - {"fastreid"}
    distributions = packages_distributions()
    unknown = {
        name: imported[name]
        for name in foreign
        if not declared & {of.lower().replace("_", "-") for of in distributions.get(name, [name])}
    }
    assert not unknown


def test_configs_load(pytestconfig):
    from ifd.engine import load_config

    configs = sorted((pytestconfig.rootpath / "configs").rglob("*.yml"))
    assert len(configs) >= 9
    outputs = [load_config(str(path), ["MODEL.DEVICE", "cpu"]).OUTPUT_DIR for path in configs]
    named = [output for path, output in zip(configs, outputs, strict=True) if not path.name.startswith("Base")]
    assert len(set(named)) == len(named)


@pytest.mark.parametrize(
    ("name", "ikt", "cbd", "loss"),
    [
        ("baseline", False, False, "ccl"),
        ("with_ikt", True, False, "ccl"),
        ("with_cbd", False, True, "ccl"),
        ("ifd_supcon", True, True, "supcon"),
        ("ifd", True, True, "ccl"),
    ],
)
def test_ablation_configs_are_the_variants_of_table_ii(pytestconfig, name, ikt, cbd, loss):
    from ifd.engine import load_config

    cfg = load_config(str(pytestconfig.rootpath / "configs" / "ablation" / f"{name}.yml"), ["MODEL.DEVICE", "cpu"])
    assert (ikt, cbd, loss) == (cfg.IFD.IKT.ENABLED, cfg.IFD.CBD.ENABLED, cfg.IFD.CBD.LOSS)
