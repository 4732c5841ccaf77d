"""The command of Figure 3 on a finished run."""

import os
import subprocess
import sys

from ifd.engine import train


def test_figures_are_drawn_from_two_checkpoints(pytestconfig, finished_config, tiny_config, tmp_path, tiny_arguments):
    checkpoint = os.path.join(finished_config.OUTPUT_DIR, "model_final.pth")
    tool = "projects/IFD/tools/plot_hard_triplets.py"
    command = [sys.executable, tool, "--config-file", "configs/IFD_R50.yml", "--ifd", checkpoint]

    def run(baseline):
        arguments = ["--baseline", baseline, "--count", "2", "--output", tmp_path / "t.png", *tiny_arguments]
        return subprocess.run(
            [*command, *map(str, arguments)], cwd=pytestconfig.rootpath, capture_output=True, text=True, check=False
        )

    # IFD's checkpoint is no baseline's: it is refused instead of read in part.
    refused = run(checkpoint)
    assert refused.returncode == 2
    assert "is of another model" in refused.stderr
    assert not (tmp_path / "t.png").exists()

    tiny_config.SOLVER.MAX_EPOCH = 1
    tiny_config.IFD.IKT.ENABLED = False
    tiny_config.IFD.CBD.ENABLED = False
    train(tiny_config)
    done = run(os.path.join(tiny_config.OUTPUT_DIR, "model_final.pth"))
    assert done.returncode == 0, done.stderr
    assert "baseline: the positive is nearer than the negative in" in done.stdout
    for name in ("t.png", "t_similarities.png"):
        assert (tmp_path / name).read_bytes().startswith(b"\x89PNG")
