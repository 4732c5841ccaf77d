"""Keys of IFD in a run that goes on."""

from fastreid_runs.run_keys import value_of
from ifd.engine.run_keys import KEYS, default_config


def test_each_is_a_key_of_the_config():
    cfg = default_config()
    for key in (KEYS.seed, KEYS.keep_checkpoints, *KEYS.own_free, *KEYS.own_measures, *KEYS.own_length):
        value_of(cfg, key)


def test_defaults_are_those_of_each_call():
    cfg = default_config()
    cfg.IFD.SEED = 5
    assert default_config().IFD.SEED == -1
