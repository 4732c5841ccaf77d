"""The runs of an ablation, in an order in which they can go."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastreid_runs import Run
from ifd.engine.stages import stage1_config, with_epochs

from .variants import Variant, with_what_they_need

_WEIGHTS = "model_final.pth"


@dataclass(frozen=True, eq=False)
class Trial:
    """One variant with one seed.

    Attributes:
        variant: what of the config it changes.
        seed: of its run.
        run: the process that trains or evaluates it.
    """

    variant: Variant
    seed: int
    run: Run


def plan_trials(
    cfg: Any,
    *,
    train_net: Path,
    config_file: str,
    options: Sequence[str],
    variants: Sequence[str],
    seeds: Sequence[int],
    steps_per_epoch: int,
) -> list[Trial]:
    """The trials of an ablation.

    Where stage 2 starts g_m from stage 1's g_a (IFD.STAGE1.START_MAIN_STREAM), a variant without stage 1 trains for the
    epochs of both stages, so that every main backbone has had as many.

    Args:
        cfg: what ``config_file`` and ``options`` come to; cfg.OUTPUT_DIR is the ablation's folder.
        train_net: the command's script.
        config_file, options: passed on to each run.
        variants, seeds: what to run; variants that others start from are added.
        steps_per_epoch: training steps of an epoch, for the progress bar.

    Raises:
        RunError: the record of a run is broken.
    """
    stage1 = stage1_config(cfg)
    trials = []
    for seed in seeds:
        of_seed: dict[str, Run] = {}
        for variant in with_what_they_need(list(variants)):
            folder = Path(cfg.OUTPUT_DIR) / f"seed_{seed}" / variant.name
            keys: dict[str, object] = {**variant.options, "IFD.SEED": seed, "OUTPUT_DIR": folder}
            own = cfg
            if variant.stage1:
                own = stage1
            elif not variant.needs and cfg.IFD.STAGE1.START_MAIN_STREAM:
                own = with_epochs(cfg, stage1.SOLVER.MAX_EPOCH + cfg.SOLVER.MAX_EPOCH)
            epochs = own.SOLVER.MAX_EPOCH
            keys.update({f"SOLVER.{key}": own.SOLVER[key] for key in _different(own.SOLVER, cfg.SOLVER)})
            if variant.needs:
                keys["MODEL.WEIGHTS"] = of_seed[variant.needs].folder / _WEIGHTS
            command = [
                *(sys.executable, str(train_net), "--config-file", str(config_file)),
                "--eval-only" if variant.evaluates else "--resume",
                *options,
                *(str(item) for pair in keys.items() for item in pair),
            ]
            run = Run(
                f"{variant.title}, seed {seed}",
                folder,
                command,
                evaluates=variant.evaluates is not None,
                steps=0 if variant.evaluates else steps_per_epoch * epochs,
                # In epochs of one stream.
                work=0.1 if variant.evaluates else variant.streams * epochs,
                needs=of_seed[variant.needs] if variant.needs else None,
            )
            of_seed[variant.name] = run
            trials.append(Trial(variant, seed, run))
    return trials


def _different(one: Any, other: Any) -> list[str]:
    return [key for key in one if one[key] != other[key]]
