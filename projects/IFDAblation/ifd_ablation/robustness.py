"""What one trained model bears: its figures on test sets as they are, and disturbed by kind and strength."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from fastreid.config import CfgNode
from fastreid.evaluation import inference_on_dataset
from tabulate import tabulate

from clothes_evaluation import EvaluationResult, ResultError
from clothes_evaluation.rank_scores import RankScores
from datasets_ext.files import write_whole
from fastreid_runs import OutputFolderError
from ifd.engine import IFDTrainer

from .measurements import METRICS, pair

MODES = ("clothing_change", "same_clothing")
_RECORD = "robustness_of.json"


@dataclass(frozen=True)
class Condition:
    """How the images of a test set are.

    Attributes:
        kind: of the disturbance; empty: as they are.
        strength: of it, from 1; 0: as they are.
    """

    kind: str = ""
    strength: int = 0

    @property
    def name(self) -> str:
        """For files and keys."""
        return f"{self.kind}_{self.strength}" if self.kind else "undisturbed"


Results = Mapping[Condition, Mapping[str, EvaluationResult]]
"""By condition and data set; the condition without a kind among them."""


def claim_folder(output: Path, about: Mapping[str, object]) -> None:
    """Makes a folder one of these figures, or finds that it is, so that a run that goes on mixes no two models or data.

    Args:
        output: the folder.
        about: what every figure in it depends on; values that JSON keeps.

    Raises:
        OutputFolderError: it holds figures of something else.
    """
    path = output / _RECORD
    if not path.exists():
        write_whole(path, json.dumps(about, indent=1) + "\n")
        return
    try:
        found = json.loads(path.read_text())
    except ValueError as error:
        raise OutputFolderError(f"{path} is broken ({error}); remove {output} or name another folder") from error
    if found != about:
        keys = [key for key in {**about, **found} if not isinstance(found, dict) or found.get(key) != about.get(key)]
        raise OutputFolderError(
            f"{output} holds figures of something else ({', '.join(keys)} differ, see {path}); name another folder"
        )


def found_results(folder: Path, datasets: Sequence[str]) -> dict[str, EvaluationResult] | None:
    """The results of a condition where all of them are there; None where they are to be measured."""
    try:
        return {name: EvaluationResult.load(folder / f"results_{name}.json") for name in datasets}
    except ResultError:
        return None


def measure(cfg: CfgNode, model: torch.nn.Module, folder: Path) -> dict[str, EvaluationResult]:
    """Evaluates a model on each data set of DATASETS.TESTS, as FASTREID_DATASETS says at this moment where they are.

    Args:
        cfg: full config; MODEL.WEIGHTS names the checkpoint in the results.
        model: in evaluation mode.
        folder: where results_<data set>.json and .md go.

    Returns:
        Results by name.

    Raises:
        DatasetError: a data set is missing or broken.
    """
    results = {}
    for name in cfg.DATASETS.TESTS:
        loader, evaluator = IFDTrainer.build_evaluator(cfg, name, str(folder))
        inference_on_dataset(model, loader, evaluator, flip_test=cfg.TEST.FLIP.ENABLED)
        assert evaluator.result is not None, "one process evaluates"
        results[name] = evaluator.result
    return results


def write_robustness(results: Results, output: Path, *, facts: Mapping[str, str]) -> list[Path]:
    """Writes robustness.json and robustness.md.

    Args:
        results: of all conditions.
        output: folder.
        facts: what the reader has to know, by heading.

    Returns:
        The paths, the text second.
    """
    paths = [output / "robustness.json", output / "robustness.md"]
    datasets = list(results[Condition()])
    figures = {
        name: {condition.name: dict(found[name].flat()) for condition, found in results.items()} for name in datasets
    }
    chance = {
        name: {
            mode: scores.per_cent()
            for mode, found in results[Condition()][name].modes.items()
            if (scores := found.chance) is not None
        }
        for name in datasets
    }
    write_whole(paths[0], json.dumps({"facts": dict(facts), "chance": chance, "values": figures}, indent=1) + "\n")
    write_whole(paths[1], _text(results, facts))
    return paths


def _text(results: Results, facts: Mapping[str, str]) -> str:
    lines = ["# What the model bears", "", *(f"- {heading}: {text}" for heading, text in facts.items())]
    for name, undisturbed in results[Condition()].items():
        for mode in MODES:
            if mode in undisturbed.modes:
                heading = f"## {name}, {mode.replace('_', '-')}, {' / '.join(METRICS)} in per cent"
                lines += ["", heading, "", robustness_table(results, name, mode)]
    return "\n".join(lines) + "\n"


def robustness_table(results: Results, dataset: str, mode: str) -> str:
    """Kinds as rows, strengths as columns of a Markdown table, rank-1 / mAP in per cent, with what chance would reach.

    Args:
        results: of all conditions.
        dataset: name.
        mode: one of the data set.
    """

    def cell(condition: Condition) -> str:
        found = results.get(condition)
        return _figures(found[dataset].modes[mode].scores) if found else "-"

    undisturbed = results[Condition()][dataset].modes[mode]
    kinds = dict.fromkeys(condition.kind for condition in results if condition.kind)
    strengths = sorted({condition.strength for condition in results if condition.kind})
    dashes = ["-"] * len(strengths)
    rows = [
        ["as they are", cell(Condition()), *dashes],
        *([kind, "-", *(cell(Condition(kind, strength)) for strength in strengths)] for kind in kinds),
        ["chance", _figures(undisturbed.chance), *dashes],
    ]
    headers = ["images", "undisturbed", *(f"strength {strength}" for strength in strengths)]
    return tabulate(rows, headers=headers, tablefmt="pipe", disable_numparse=True)


def _figures(scores: RankScores | None) -> str:
    return pair(scores) if scores else "-"
