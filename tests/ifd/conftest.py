"""A config that trains on the tiny data set in PRCC's layout in seconds."""

import pytest
from fastreid.utils.env import seed_all_rng

from ifd.engine import load_config, train


@pytest.fixture(scope="session")
def prcc_root(parsed_prcc_root):
    """Folder for FASTREID_DATASETS with 6 training and 4 test people, 3 images a camera."""
    return parsed_prcc_root


def tiny_options(output_dir):
    """Options after --config-file configs/IFD_R50.yml that make it tiny: 64x32 pixels, 2 epochs a stage."""
    options = {
        "MODEL.DEVICE": "cpu",
        "MODEL.BACKBONE.NAME": "build_mobilenetv2_backbone",
        "MODEL.BACKBONE.DEPTH": "0.1x",
        "MODEL.BACKBONE.FEAT_DIM": 1280,
        "MODEL.BACKBONE.PRETRAIN": False,
        "INPUT.SIZE_TRAIN": [64, 32],
        "INPUT.SIZE_TEST": [64, 32],
        "DATALOADER.NUM_WORKERS": 0,
        "DATALOADER.NUM_INSTANCE": 4,
        "SOLVER.IMS_PER_BATCH": 16,
        "SOLVER.MAX_EPOCH": 2,
        "SOLVER.STEPS": [1],
        "SOLVER.WARMUP_ITERS": 2,
        "SOLVER.CHECKPOINT_PERIOD": 1,
        "SOLVER.AMP.ENABLED": False,
        "TEST.EVAL_PERIOD": 2,
        "IFD.SEED": 0,
        "OUTPUT_DIR": str(output_dir),
    }
    return [item for pair in options.items() for item in pair]


@pytest.fixture
def tiny_arguments():
    """The same options without OUTPUT_DIR, for a command line."""
    return tiny_options("unused")[:-2]


@pytest.fixture(scope="session")
def config_file(request):
    return str(request.config.rootpath / "configs" / "IFD_R50.yml")


@pytest.fixture
def tiny_config(config_file, prcc_root, monkeypatch, tmp_path):
    """A config that is not frozen, for a run of its own, with FASTREID_DATASETS pointing to the tiny data set."""
    monkeypatch.setenv("FASTREID_DATASETS", str(prcc_root))
    return load_config(config_file, tiny_options(tmp_path / "run"))


@pytest.fixture(scope="session")
def finished(config_file, prcc_root, tmp_path_factory):
    """One finished run of both stages, (config, results), for the tests that only look at it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FASTREID_DATASETS", str(prcc_root))
        cfg = load_config(config_file, tiny_options(tmp_path_factory.mktemp("finished") / "run"))
        seed_all_rng(0)
        results = train(cfg)
    return cfg, results


@pytest.fixture
def finished_config(finished, prcc_root, monkeypatch):
    """A copy of the finished run's config, with its data set in place."""
    monkeypatch.setenv("FASTREID_DATASETS", str(prcc_root))
    return finished[0].clone()
