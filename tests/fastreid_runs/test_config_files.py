import pytest
from fastreid.config import get_cfg

from fastreid_runs import ConfigError
from fastreid_runs.config_files import merge_file, merge_options
from ifd import add_ifd_config
from ifd.engine import load_config


@pytest.fixture
def cfg():
    cfg = get_cfg()
    add_ifd_config(cfg)
    return cfg


@pytest.fixture
def merge(cfg, tmp_path):
    """Writes a config file and merges it; returns the config."""

    def merge(content, **others):
        for name, text in {"config": content, **others}.items():
            (tmp_path / f"{name}.yml").write_bytes(text if isinstance(text, bytes) else text.encode())
        merge_file(cfg, str(tmp_path / "config.yml"))
        return cfg

    return merge


def test_a_file_and_its_bases(merge):
    cfg = merge(
        "_BASE_: middle.yml\nSOLVER:\n  BASE_LR: 1e-2",
        middle="_BASE_: base.yml\nIFD:\n  CBD:\n    T: 0.25\n  MASK_FILL: [1.0, 2.0, 3.0]",
        base="IFD:\n  CBD:\n    T: 0.5\n    LAMBDA: 2.0",
    )
    assert (cfg.IFD.CBD.T, cfg.IFD.CBD.LAMBDA, cfg.SOLVER.BASE_LR) == (0.25, 2.0, 0.01)
    assert cfg.IFD.MASK_FILL == [1.0, 2.0, 3.0]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "config.yml is empty"),
        ("# nothing", "config.yml is empty"),
        ("- a\n- b", "config.yml holds a list; expected sections"),
        ("a word", "config.yml holds a str"),
        (b"\x80\x02}\xff\x00", "config.yml is no text"),
        ("SOLVER:\n  BASE_LR: [1", "config.yml is no YAML: "),
        ("\tSOLVER: 1", "config.yml is no YAML: "),
        ("SOLVER:\n  OPT: !!python/name:os.system", "config.yml is no YAML: "),
        ("a: &a [*a]", "unknown key a"),
        ("_BASE_: config.yml\nSOLVER:\n  OPT: SGD", "_BASE_ leads back to itself"),
        ("_BASE_: absent.yml", "its _BASE_ .*absent.yml does not exist"),
        ("_BASE_: [a]", r"_BASE_ is \['a'\]; expected the path"),
        ("SOLVER:\n  OPT: SGD\nIFD:\n  SEED: 1\nSOLVER:\n  MAX_EPOCH: 3", "'SOLVER' stands twice .* at line 5"),
        ("SOLVER:\n  OPT: SGD\n  OPT: Adam", "'OPT' stands twice"),
        ("SOLVER:\n  MAX_EPOCHS: 3", r"config.yml: unknown key SOLVER.MAX_EPOCHS; did you mean SOLVER.MAX_EPOCH\?"),
        ("solver:\n  MAX_EPOCH: 3", "unknown key solver"),
        ("Solver:\n  x: 3\n", "unknown key Solver"),
        ("1: 2", "unknown key 1"),
        ("SOLVER: 3", "SOLVER is 3, but it is a section; its keys are .*SOLVER.MAX_EPOCH"),
        ("SOLVER:", "SOLVER is None, but it is a section"),
        ("SOLVER:\n  MAX_EPOCH:", "SOLVER.MAX_EPOCH is empty; expected an int"),
        ("SOLVER:\n  MAX_EPOCH: None", "SOLVER.MAX_EPOCH is None; leave it out"),
        ("SOLVER:\n  MAX_EPOCH:\n    X: 1", "SOLVER.MAX_EPOCH is a section; expected an int"),
        ("SOLVER:\n  MAX_EPOCH: many", "config.yml: SOLVER.MAX_EPOCH is many; expected an int, such as 120"),
        ("SOLVER:\n  BASE_LR: 1", "SOLVER.BASE_LR is 1; expected a float, such as 0.0003"),
        ("OUTPUT_DIR: 2024", "OUTPUT_DIR is 2024; expected a str, .*as text: "),
        ("OUTPUT_DIR: 2024-01-01", "config.yml: "),
    ],
)
def test_files_that_are_no_config_are_refused(merge, content, message):
    with pytest.raises(ConfigError, match=message):
        merge(content)


def test_the_file_that_is_wrong_is_named(merge):
    with pytest.raises(ConfigError, match="base.yml: unknown key IFD.CBD.TEMPRATURE; did you mean IFD.CBD.TEMPERATURE"):
        merge("_BASE_: base.yml", base="IFD:\n  CBD:\n    TEMPRATURE: 0.1")


@pytest.mark.parametrize(
    ("path", "message"), [("absent.yml", "'absent.yml' does not exist; name one"), (".", "'.' is a folder")]
)
def test_files_that_are_not_there(cfg, path, message):
    with pytest.raises(ConfigError, match=message):
        merge_file(cfg, path)


def test_options_as_text_and_as_values(cfg):
    merge_options(cfg, ["IFD.CBD.T", "0.25", "INPUT.SIZE_TRAIN", [64, 32], "DATASETS.NAMES", "('LTCC',)"])
    assert (cfg.IFD.CBD.T, cfg.INPUT.SIZE_TRAIN, cfg.DATASETS.NAMES) == (0.25, [64, 32], ("LTCC",))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("SOLVER.MAX_EPOCH", "come in pairs, KEY VALUE .* 1 words were given: SOLVER.MAX_EPOCH"),
        ("SOLVER.MAX_EPOCH=3", "with a space between"),
        ("OUTPUT_DIR x --resume", "--resume stands among the config options KEY VALUE; put it before"),
        ("SOLVER.MAX_EPOCHS 3", r"unknown key SOLVER.MAX_EPOCHS; did you mean SOLVER.MAX_EPOCH\?"),
        ("solver.max_epoch 3", r"unknown key solver.max_epoch; did you mean SOLVER.MAX_EPOCH\?"),
        ("MAX_EPOCH 3", r"unknown key MAX_EPOCH; did you mean SOLVER.MAX_EPOCH\?"),
        ("QQQ 3", "^unknown key QQQ$"),
        ("SOLVER.MAX_EPOCH.X 3", "unknown key SOLVER.MAX_EPOCH.X"),
        ("_BASE_ 3", "unknown key _BASE_"),
        ("IFD.CBD 3", "IFD.CBD is a section and takes no value; its keys are IFD.CBD.ENABLED"),
        ("SOLVER.BASE_LR nan", "SOLVER.BASE_LR is nan; expected a float"),
        ("SOLVER.OPT None", "SOLVER.OPT is None"),
        ("DATASETS.NAMES PRCC", "DATASETS.NAMES is PRCC; expected a tuple"),
        ("SOLVER.STEPS " + "(" * 5000, "SOLVER.STEPS|cannot be read"),
    ],
)
def test_options_that_are_none_are_refused(cfg, options, message):
    with pytest.raises(ConfigError, match=message):
        merge_options(cfg, options.split())


def test_the_configs_of_the_project_are_read(pytestconfig):
    configs = sorted((pytestconfig.rootpath / "configs").rglob("*.yml"))
    assert len(configs) > 5
    for path in configs:
        assert load_config(str(path)).IFD.CBD.T > 0
