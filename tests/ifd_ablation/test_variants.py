"""The rows of the ablation."""

import pytest
import yaml

from ifd_ablation import VARIANTS
from ifd_ablation.variants import with_what_they_need


@pytest.mark.parametrize("name", ["baseline", "with_ikt", "with_cbd", "ifd_supcon", "ifd"])
def test_table_2_is_that_of_the_configs(pytestconfig, name):
    config = yaml.safe_load((pytestconfig.rootpath / "configs" / "ablation" / f"{name}.yml").read_text())
    expected = {
        f"IFD.{part}.{key}": value for part, keys in config.get("IFD", {}).items() for key, value in keys.items()
    }
    assert dict(VARIANTS[name].options) == expected


def test_each_comes_after_what_it_needs():
    names = [variant.name for variant in with_what_they_need(list(VARIANTS))]
    assert sorted(names) == sorted(VARIANTS)
    for name in names:
        needed = VARIANTS[name].needs
        assert needed is None or names.index(needed) < names.index(name)


def test_what_a_variant_needs_is_added_once():
    names = [variant.name for variant in with_what_they_need(["ifd_joined", "with_ikt"])]
    assert sorted(names) == ["attention_stream", "ifd", "ifd_joined", "with_ikt"]


def test_an_unknown_variant_is_an_error():
    with pytest.raises(KeyError, match="transformer"):
        with_what_they_need(["transformer"])
