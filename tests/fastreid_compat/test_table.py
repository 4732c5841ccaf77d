"""The record of adaptations, the command that prints it, and leaving some out."""

import re
import runpy
from pathlib import Path

import fastreid
import pytest

import fastreid_compat
from fastreid_compat import table


def test_adaptations_are_rows_of_name_reason_and_status():
    rows = fastreid_compat.adaptations()
    names = [name for name, _, _ in rows]
    assert names[0] == "imports"
    assert len(set(names)) == len(names)
    assert all(reason and status in ("applied", "not needed") for _, reason, status in rows)


def test_the_readme_lists_them_all_with_their_reasons():
    readme = Path(fastreid_compat.__file__).parents[1] / "README.md"
    if not readme.exists():
        pytest.skip("the package is installed without its README")
    rows = re.findall(r"^\| `(.+?)` \| (.+) \|$", readme.read_text(encoding="utf8"), re.MULTILINE)
    assert rows == [(name, reason) for name, reason, _ in fastreid_compat.adaptations()]


def test_the_record_cannot_be_changed_through_the_list():
    fastreid_compat.adaptations().clear()
    assert fastreid_compat.adaptations()


def test_applying_again_changes_nothing():
    from fastreid.data import build
    from fastreid.engine import DefaultTrainer

    record, loader, constructor = fastreid_compat.adaptations(), build.DataLoaderX, DefaultTrainer.__init__
    table.apply()
    assert fastreid_compat.adaptations() == record
    assert build.DataLoaderX is loader
    assert DefaultTrainer.__init__ is constructor


def test_an_unknown_name_to_skip_is_refused(monkeypatch):
    monkeypatch.setattr(table, "_record", [])
    monkeypatch.setenv("FASTREID_COMPAT_SKIP", "imports, afine")
    with pytest.raises(ValueError, match="FASTREID_COMPAT_SKIP names afine; there are: imports, device, data loader"):
        table.apply()
    assert fastreid_compat.adaptations() == []


def test_the_command_prints_the_host_and_a_line_for_each_adaptation(capsys):
    runpy.run_module("fastreid_compat", run_name="__main__")
    printed = capsys.readouterr().out
    assert printed.startswith(f"fastreid 1.4.0 at {fastreid.__path__[0]}\n")
    assert "adaptation" in printed
    assert "status" in printed
    for name, _, status in fastreid_compat.adaptations():
        (line,) = [line for line in printed.splitlines() if line.startswith(f"{name}  ")]
        assert line.rstrip().endswith(status)
