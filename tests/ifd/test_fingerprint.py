import os

from ifd.fingerprint import checkpoint_fingerprint


def test_fingerprints_follow_what_the_vectors_follow(finished_config, tmp_path):
    path = os.path.join(finished_config.OUTPUT_DIR, "model_final.pth")
    finished_config.defrost()
    first = checkpoint_fingerprint(finished_config, path)
    finished_config.OUTPUT_DIR = finished_config.MODEL.WEIGHTS = "elsewhere"
    finished_config.MODEL.DEVICE = "cuda"
    finished_config.IFD.SEED = 5
    assert checkpoint_fingerprint(finished_config, path) == first
    finished_config.TEST.FLIP.ENABLED = not finished_config.TEST.FLIP.ENABLED
    other = checkpoint_fingerprint(finished_config, path)
    finished_config.IFD.MASK_RESIZE = "nearest"
    masks = checkpoint_fingerprint(finished_config, path)
    (tmp_path / "other.pth").write_bytes(b"other")
    assert len({first, other, masks, checkpoint_fingerprint(finished_config, tmp_path / "other.pth")}) == 4
