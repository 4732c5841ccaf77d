"""The keys that runs go by."""

import pytest

from fastreid_runs.run_keys import COUNTED, PLAIN, TOLD, RunKeys, run_config, value_of, within


def test_each_is_a_key_or_a_section_of_the_config():
    cfg = run_config()
    for key in (PLAIN.seed, *PLAIN.free, *PLAIN.measures, *PLAIN.length, *TOLD, *COUNTED):
        value_of(cfg, key)
    with pytest.raises(KeyError):
        value_of(cfg, "RUN.NOTHING")


def test_a_section_holds_its_keys_and_no_name_that_only_begins_alike():
    assert within("TEST.AQE.ENABLED", ["TEST.AQE"])
    assert within("TEST.AQE", ["TEST.AQE"])
    assert not within("TEST.AQES", ["TEST.AQE"])
    assert not within("TEST", ["TEST.AQE"])


@pytest.mark.parametrize("frozen", [False, True])
def test_a_seed_goes_into_a_copy(frozen):
    cfg = run_config()
    if frozen:
        cfg.freeze()
    seeded = PLAIN.with_seed(cfg, 7)
    assert (PLAIN.seed_of(cfg), PLAIN.seed_of(seeded)) == (-1, 7)
    assert seeded.is_frozen() == frozen


def test_a_project_adds_to_the_keys_of_the_host():
    keys = RunKeys(run_config, own_free=("A",), own_measures=("B",), own_length=("C",))
    assert set(keys.free) - set(PLAIN.free) == {"A"}
    assert set(keys.measures) - set(PLAIN.measures) == {"B"}
    assert set(keys.length) - set(PLAIN.length) == {"C"}


def test_checkpoints_are_kept_by_their_key_or_all():
    cfg = run_config()
    cfg.RUN.KEEP_CHECKPOINTS = 3
    assert PLAIN.kept_checkpoints(cfg) == 3
    without = RunKeys(run_config, keep_checkpoints="")
    assert without.kept_checkpoints(cfg) == 0
    assert "" not in without.free
