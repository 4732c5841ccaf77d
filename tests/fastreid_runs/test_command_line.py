"""From the command line to a config."""

import pytest

from fastreid_runs import ConfigError, argument_parser, load_config, run_config


@pytest.fixture
def config_file(tmp_path):
    path = tmp_path / "config.yml"
    path.write_text("MODEL:\n  DEVICE: cpu\nSOLVER:\n  MAX_EPOCH: 7\n")
    return str(path)


def test_options_come_after_the_file(config_file):
    cfg = load_config(run_config, config_file, ["SOLVER.BASE_LR", "0.5", "RUN.SEED", 3])
    assert (cfg.SOLVER.MAX_EPOCH, cfg.SOLVER.BASE_LR, cfg.RUN.SEED) == (7, 0.5, 3)
    assert load_config(run_config, config_file, ["SOLVER.MAX_EPOCH", 8]).SOLVER.MAX_EPOCH == 8
    assert not cfg.is_frozen()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["MODEL.DEVICE", "gpu"], "MODEL.DEVICE is 'gpu'; expected cpu, cuda or cuda:<n>"),
        (["SOLVER.EPOCHS", 3], "SOLVER.EPOCHS"),
        (["SOLVER.MAX_EPOCH", "many"], "SOLVER.MAX_EPOCH"),
    ],
)
def test_options_that_are_none_are_refused(config_file, options, message):
    with pytest.raises(ConfigError, match=message):
        load_config(run_config, config_file, options)


def test_an_absent_file_is_told_with_an_example(tmp_path):
    with pytest.raises(ConfigError, match="absent.yml.*configs/ours.yml"):
        load_config(run_config, str(tmp_path / "absent.yml"), example="configs/ours.yml")


def test_seeds_and_jobs_beside_the_options_of_the_host():
    words = "--seeds 0 5 --config-file a.yml --resume SOLVER.BASE_LR 1"
    args = argument_parser().parse_args(words.split())
    assert (args.seeds, args.jobs, args.config_file, args.resume) == ([0, 5], 1, "a.yml", True)
    assert args.opts == ["SOLVER.BASE_LR", "1"]
    for wrong in (["--seeds", "-1"], ["--jobs", "0"], ["--seeds"]):
        with pytest.raises(SystemExit):
            argument_parser().parse_args(wrong)
