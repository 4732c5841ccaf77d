"""The runs of an ablation: which there are, how far each is, and what each took."""

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..engine.checks import OutputFolderError
from ..engine.two_stage import stage1_config
from ..evaluation import EvaluationResult
from .variants import Variant, with_what_they_need

_RECORD = "run.json"
_WEIGHTS = "model_final.pth"


@dataclass(eq=False)
class Run:
    """One variant with one seed: a process of train_net.py with a folder of its own.

    epochs: that it trains for, 0 where it only evaluates.   needs: the run that has to be done first, or None.
    """

    variant: Variant
    seed: int
    folder: Path
    command: list[str]
    epochs: int = 0
    needs: "Run | None" = None
    attempts: list[dict] = field(default_factory=list)

    def __post_init__(self):
        record = self.folder / _RECORD
        if record.is_file():
            self.attempts = json.loads(record.read_text())["attempts"]

    @property
    def name(self) -> str:
        return f"{self.variant.title}, seed {self.seed}"

    @property
    def work(self) -> float:
        """How long it takes, in epochs of one stream; for the progress bar."""
        return max(self.variant.streams * self.epochs, 0.1)

    @property
    def done(self) -> bool:
        return any(attempt["finished"] for attempt in self.attempts)

    @property
    def seconds(self) -> float:
        """Wall time of all attempts together; of one that was killed, up to the last note of it."""
        return sum(attempt["seconds"] for attempt in self.attempts)

    def note(self, attempt: dict) -> None:
        """Writes an attempt down, in the place of an earlier note of the same one."""
        self.attempts = [old for old in self.attempts if old["started"] != attempt["started"]] + [attempt]
        self.folder.mkdir(parents=True, exist_ok=True)
        part = self.folder / f"{_RECORD}.part"
        part.write_text(json.dumps({"command": self.command, "attempts": self.attempts}, indent=1))
        part.replace(self.folder / _RECORD)

    def share_done(self, steps_per_epoch: int) -> float:
        """How many of its training steps it has logged, in [0, 1]."""
        try:
            last = self.folder.joinpath("metrics.json").read_text().splitlines()[-1]
            return min(1.0, (json.loads(last)["iteration"] + 1) / (steps_per_epoch * self.epochs))
        except (OSError, IndexError, ValueError, ZeroDivisionError):
            return 0.0

    def results(self, dataset: str) -> EvaluationResult:
        """Of its last evaluation on a data set."""
        folder = self.folder / "eval" if self.variant.evaluates else self.folder
        return EvaluationResult.load(folder / f"results_{dataset}.json")


def plan_runs(
    cfg, *, train_net: Path, config_file: str, options: Sequence[str], variants: Sequence[str], seeds: Sequence[int]
) -> list[Run]:
    """The runs of an ablation in an order in which they can go.

    Args:
        cfg: what ``config_file`` and ``options`` come to; cfg.OUTPUT_DIR is the ablation's folder.
        train_net: the command's script.
        config_file, options: passed on to each run.
        variants, seeds: what to run; variants that others start from are added.
    """
    stage1 = stage1_config(cfg)
    runs = []
    for seed in seeds:
        of_seed: dict[str, Run] = {}
        for variant in with_what_they_need(list(variants)):
            folder = Path(cfg.OUTPUT_DIR) / f"seed_{seed}" / variant.name
            keys = {**variant.options, "IFD.SEED": seed, "OUTPUT_DIR": str(folder)}
            if keys.get("MODEL.META_ARCHITECTURE") == stage1.MODEL.META_ARCHITECTURE:
                keys.update({"SOLVER.MAX_EPOCH": stage1.SOLVER.MAX_EPOCH, "SOLVER.STEPS": list(stage1.SOLVER.STEPS)})
            if variant.needs:
                keys["MODEL.WEIGHTS"] = str(of_seed[variant.needs].folder / _WEIGHTS)
            command = [
                *(sys.executable, str(train_net), "--config-file", str(config_file)),
                "--eval-only" if variant.evaluates else "--resume",
                *options,
                *(str(item) for pair in keys.items() for item in pair),
            ]
            epochs = 0 if variant.evaluates else keys.get("SOLVER.MAX_EPOCH", cfg.SOLVER.MAX_EPOCH)
            run = Run(variant, seed, folder, command, epochs, of_seed.get(variant.needs))
            of_seed[variant.name] = run
            runs.append(run)
    return runs


def check_same_study(cfg, dataset_notes: dict[str, str]) -> None:
    """Writes down what a study is made of, or compares with what is written: runs of two configs must not be mixed.

    Args:
        cfg: the study's config.   dataset_notes: what tells a data set from another of the same name.

    Raises:
        OutputFolderError: the folder holds a study of another config or data set, or something else.
    """
    path = os.path.join(cfg.OUTPUT_DIR, "study.json")
    # Where a study lies and which seed a run has does not make it another one.
    compared = cfg.clone()
    compared.defrost()
    compared.OUTPUT_DIR, compared.IFD.SEED = "", -1
    here = {"config": compared.dump().splitlines(), "data": dataset_notes}
    if not os.path.exists(path):
        if os.path.isdir(cfg.OUTPUT_DIR) and os.listdir(cfg.OUTPUT_DIR):
            raise OutputFolderError(
                f"{cfg.OUTPUT_DIR} holds something that is no ablation (no study.json); name another --output"
            )
        os.makedirs(cfg.OUTPUT_DIR, exist_ok=True)
        with open(f"{path}.part", "w") as file:
            json.dump(here, file, indent=1)
        os.replace(f"{path}.part", path)
        return
    with open(path) as file:
        there = json.load(file)
    if there != here:
        changed = [line.strip() for line in set(there["config"]) ^ set(here["config"])]
        changed += [f"{name}: {digest}" for name, digest in set(there["data"].items()) ^ set(here["data"].items())]
        raise OutputFolderError(
            f"{cfg.OUTPUT_DIR} holds an ablation of another config or data set; these lines are on one side only: "
            f"{'; '.join(sorted(changed)[:6])}. Name another --output, or go on with the old settings."
        )
