"""Errors that speak of arguments, and of config keys where the values come from a config."""

import pickle

import pytest
from fastreid.config import get_cfg

from fastreid_runs.arguments import ArgumentError, architecture_keys, build_from_keys, naming, read_keys
from ifd import add_ifd_config


def layer(size, norm):
    if size < 1:
        raise ArgumentError("{size} is {found}, but {norm} is {other!r}", {"found": size, "other": norm})
    return size, norm


def test_the_argument_is_named_where_it_is_given():
    with pytest.raises(ArgumentError) as caught:
        layer(0, "{size}")
    assert str(caught.value) == "size is 0, but norm is '{size}'"


def test_its_key_is_named_where_it_comes_from_a_config():
    cfg = get_cfg()
    add_ifd_config(cfg)
    keys = {"size": "IFD.IKT.KERNEL_SIZE", "norm": "IFD.IKT.NORM"}
    assert read_keys(cfg, keys) == {"size": 7, "norm": ""}
    assert build_from_keys(layer, cfg, keys) == (7, "")
    cfg.IFD.IKT.KERNEL_SIZE = 0
    with pytest.raises(ArgumentError) as caught:
        build_from_keys(layer, cfg, keys)
    assert str(caught.value) == "IFD.IKT.KERNEL_SIZE is 0, but IFD.IKT.NORM is ''"


def test_other_arguments_keep_their_names_and_the_inner_key_counts():
    with (
        pytest.raises(ArgumentError) as caught,
        naming({"size": "OUTER.SIZE", "norm": "OUTER.NORM"}),
        naming({"size": "X"}),
    ):
        layer(0, "BN")
    assert str(caught.value) == "X is 0, but OUTER.NORM is 'BN'"


def test_it_comes_whole_out_of_another_process():
    with pytest.raises(ArgumentError) as caught, naming({"size": "X"}):
        layer(0, "BN")
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def test_an_architecture_says_which_keys_it_is_built_of():
    cfg = get_cfg()
    assert architecture_keys(cfg) == {}
    cfg.MODEL.META_ARCHITECTURE = "IFD"
    assert architecture_keys(cfg)["neck_order"] == "IFD.NECK_ORDER"
    cfg.MODEL.META_ARCHITECTURE = "absent"
    with pytest.raises(KeyError, match="absent"):
        architecture_keys(cfg)
