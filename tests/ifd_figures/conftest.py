"""The picture tools, called without a process of their own."""

import importlib.util
import sys

import pytest

from datasets_ext.command import run


@pytest.fixture
def tool(pytestconfig, config_file, prcc_root, monkeypatch):
    """Calls a tool with words of a command line; returns its exit code."""
    monkeypatch.setenv("FASTREID_DATASETS", str(prcc_root))

    def call(name, *words):
        path = pytestconfig.rootpath / "projects" / "IFD" / "tools" / f"{name}.py"
        spec = importlib.util.spec_from_file_location(f"tool_{name}", path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        monkeypatch.setattr(sys, "argv", [str(path), "--config-file", config_file, *map(str, words)])
        try:
            return run(module.main, module.arguments())
        except SystemExit as left:
            return left.code

    return call
