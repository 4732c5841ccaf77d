import sys
import types

import pytest

from fastreid_compat.adaptation import ModuleView, rebind


@pytest.fixture
def modules(monkeypatch):
    """A module of the host, one that re-exports a name of it, and one of somebody else."""
    made = [types.ModuleType(name) for name in ("fastreid.first", "fastreid.second", "fastreidish.third")]
    for module in made:
        module.layer = list
        monkeypatch.setitem(sys.modules, module.__name__, module)
    made[1].another_name = list
    return made


def test_a_name_is_replaced_wherever_the_host_has_it_and_nowhere_else(modules):
    first, second, third = modules
    rebind(list, tuple)
    assert [first.layer, second.layer, second.another_name] == [tuple] * 3
    assert third.layer is list


def test_a_module_that_was_blocked_is_passed_over(modules, monkeypatch):
    monkeypatch.setitem(sys.modules, "fastreid.blocked", None)
    rebind(list, tuple)
    assert modules[0].layer is tuple


def test_a_view_adds_names_for_one_module_alone(modules):
    first, second, _ = modules
    second.first = ModuleView(first, layer=set, added=1)
    assert (second.first.layer, second.first.added) == (set, 1)
    assert second.first.__name__ == "fastreid.first"
    first.later = 2
    assert second.first.later == 2
    assert (first.layer, hasattr(first, "added")) == (list, False)
    with pytest.raises(AttributeError, match="absent"):
        second.first.absent  # noqa: B018
