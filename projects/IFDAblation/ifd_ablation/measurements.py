"""The figures of an ablation: every variant's and seed's result, by field."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from clothes_evaluation import EvaluationResult
from clothes_evaluation.rank_scores import RankScores, Spread
from ifd.engine.runs import result_of

from .plan import Trial
from .variants import VARIANTS, Variant

MODES = ("clothing_change", "same_clothing", "general")
METRICS = ("Rank-1", "mAP")


@dataclass(frozen=True)
class Column:
    """Figures that stand below one heading.

    Attributes:
        mode: of the evaluation.
        single_shot: whether they are the means over galleries of one image a person.
    """

    mode: str
    single_shot: bool = False

    @property
    def heading(self) -> str:
        """As a table prints it."""
        name = self.mode.replace("_", "-")
        return f"{name}, single-shot" if self.single_shot else name

    def scores(self, result: EvaluationResult) -> RankScores | None:
        """The figures in a result; None where it has none."""
        found = result.modes[self.mode]
        if self.single_shot:
            return found.single_shot.mean if found.single_shot else None
        return found.scores


@dataclass(frozen=True)
class Measured:
    """What an ablation measured.

    Attributes:
        results: variant -> seed -> data set -> result; variants in the order of the paper's table.
        seconds: variant -> seed -> wall time of the run.
        datasets: names.
    """

    results: Mapping[str, Mapping[int, Mapping[str, EvaluationResult]]]
    seconds: Mapping[str, Mapping[int, float]]
    datasets: Sequence[str]

    @classmethod
    def of(cls, trials: Sequence[Trial], datasets: Sequence[str]) -> "Measured":
        """Reads the results of trials that are done.

        Raises:
            RunError: a result is absent or broken.
        """
        names = [name for name in VARIANTS if any(trial.variant.name == name for trial in trials)]
        of_variant = {name: [trial for trial in trials if trial.variant.name == name] for name in names}
        return cls(
            {
                name: {trial.seed: {dataset: result_of(trial.run, dataset) for dataset in datasets} for trial in found}
                for name, found in of_variant.items()
            },
            {name: {trial.seed: trial.run.seconds for trial in found} for name, found in of_variant.items()},
            tuple(datasets),
        )

    @property
    def variants(self) -> list[Variant]:
        """Those that were run, in the order of the paper's table."""
        return [VARIANTS[name] for name in self.results]

    def scores(self, variant: str, dataset: str, column: Column) -> dict[int, RankScores]:
        """Seed -> figures, of the seeds that have them."""
        found = {seed: column.scores(results[dataset]) for seed, results in self.results[variant].items()}
        return {seed: scores for seed, scores in found.items() if scores}

    def spread(self, variant: str, dataset: str, column: Column) -> Spread | None:
        """Mean and deviation over seeds; None where no seed has figures."""
        found = self.scores(variant, dataset, column)
        return Spread.of(list(found.values())) if found else None

    def columns(self, dataset: str) -> list[Column]:
        """Those that a data set has figures for."""
        return [
            column
            for mode in MODES
            for column in (Column(mode), Column(mode, single_shot=True))
            if any(self.scores(name, dataset, column) for name in self.results)
        ]

    def chance(self, dataset: str, column: Column) -> RankScores | None:
        """What a random ranking would reach, the same for all; None where there are no figures."""
        found = self.any_result(dataset).modes[column.mode]
        return found.single_shot_chance if column.single_shot else found.chance

    def any_result(self, dataset: str) -> EvaluationResult:
        """One of a data set; all of them have its labels and its protocol but for the descriptor."""
        by_seed = next(iter(self.results.values()))
        return next(iter(by_seed.values()))[dataset]


def pair(scores: RankScores) -> str:
    """Figures of one cell, rank-1 / mAP in per cent."""
    return _joined(lambda name: f"{scores.per_cent()[name]:.2f}")


def spread_pair(spread: Spread | None) -> str:
    """Figures of one cell over seeds, rank-1 / mAP in per cent; ``-`` where there are none."""
    return _joined(lambda name: spread.cells()[name]) if spread else "-"


def _joined(figure: Callable[[str], str]) -> str:
    return " / ".join(figure(name) for name in METRICS)
