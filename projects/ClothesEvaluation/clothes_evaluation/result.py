"""What an evaluation came to, with how it was measured: figures have their names here and nowhere else.

Fields and files hold shares in [0, 1]; ``flat()`` and ``table()`` give per cent, as the host and the papers do.
"""

import json
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, TypeAdapter, ValidationError

from datasets_ext import UserError
from datasets_ext.files import write_whole

from .protocol import Protocol
from .rank_scores import RankScores, Share, Spread
from .results_table import results_table

_FORMAT, _VERSION = "ifd evaluation result", 1

Count = Annotated[int, Field(ge=0)]


class ResultError(UserError, ValueError):
    """A file of results that is absent, broken, of something else or of another version."""


@dataclass(frozen=True)
class ModeResult:
    """One mode of an evaluation.

    Attributes:
        queries: those with a match in the mode, over which every mean goes.
        left_out: those without.
        scores: of the whole gallery (multi-shot); None where no query has a match, so that there is nothing to score.
        chance: what a random ranking of the same gallery would reach; None as ``scores``.
        single_shot: of galleries of one random image a person; None where the data set has no such protocol, with
            re-ranking or query expansion, and where no query has a match.
        single_shot_chance: what a random ranking of those galleries would reach, the mean over them; None as
            ``single_shot``.
        verification: false positive rate -> true positive rate; empty where it was not asked for.
    """

    queries: Count
    left_out: Count
    scores: RankScores | None
    chance: RankScores | None
    single_shot: Spread | None = None
    single_shot_chance: RankScores | None = None
    verification: Mapping[float, Share] = field(default_factory=dict)


@dataclass(frozen=True)
class EvaluationResult:
    """The figures of one data set.

    Attributes:
        dataset: its name.
        modes: mode -> figures, in the order of the tables; ``metric_mode`` among them.
        protocol: how they were measured.
        metric_mode: mode whose rank-1 and mAP make ``metric``.
        label_kind: where clothes labels come from; ``labelled``: the data set's makers.
        camera_kind: what cameras are; ``none``: each image has one of its own, so that none is taken out of a ranking.
    """

    dataset: str
    modes: Mapping[str, ModeResult]
    protocol: Protocol
    metric_mode: str
    label_kind: str = "labelled"
    camera_kind: str = "labelled"

    def __post_init__(self) -> None:
        if self.metric_mode not in self.modes:
            raise ValueError(f"modes are {', '.join(self.modes)}, expected {self.metric_mode} among them")

    @property
    def scored_mode(self) -> str | None:
        """The mode of ``metric``: ``metric_mode``; the first where no query has a match in that; None: nor there."""
        return next((mode for mode in (self.metric_mode, next(iter(self.modes))) if self.modes[mode].scores), None)

    @property
    def metric(self) -> float | None:
        """What checkpoints are compared by, in per cent: mean of rank-1 and mAP; None where nothing could be scored."""
        scores = self.modes[self.scored_mode].scores if self.scored_mode else None
        return (100 * scores.cmc[1] + 100 * scores.mean_ap) / 2 if scores else None

    def key(self, mode: str) -> str:
        """What a mode's figures stand below in ``flat()``: the mode, and what was done to its ranking."""
        treatment = self.protocol.treatment.replace(" ", "_")
        return f"{mode}/{treatment}" if treatment else mode

    def flat(self) -> "OrderedDict[str, float]":
        """The figures as the host takes them, in per cent, also for metrics.json and TensorBoard.

        Returns:
            For each mode ``<mode>/Rank-1``, ``-5``, ``-10``, ``-20``, ``<mode>/mAP``, ``<mode>/mINP``;
            ``<mode>/queries`` and ``<mode>/left_out``; with verification ``<mode>/TPR@FPR=1e-04`` and so on, as shares,
            as the host gives them; with single-shot galleries ``<mode>/single_shot/<metric>`` and, of several draws,
            ``<metric>_std``; ``metric``. With query expansion and re-ranking, figures stand below ``<mode>/expanded``,
            ``<mode>/re-ranked`` or ``<mode>/expanded_and_re-ranked`` instead. A mode without a match has its counts
            alone; ``metric`` is absent where no mode has one.
        """
        flat: OrderedDict[str, float] = OrderedDict()
        for mode, found in self.modes.items():
            if found.scores:
                flat.update(_below(self.key(mode), found.scores.per_cent()))
            flat.update(_below(mode, {"queries": found.queries, "left_out": found.left_out}))
        for mode, found in self.modes.items():
            flat.update(_below(self.key(mode), {f"TPR@FPR={r:.0e}": share for r, share in found.verification.items()}))
        for mode, found in self.modes.items():
            if found.single_shot:
                means, deviations = found.single_shot.mean.per_cent(), {}
                if found.single_shot.deviation:
                    deviations = found.single_shot.deviation.per_cent()
                for name, mean in means.items():
                    flat[f"{mode}/single_shot/{name}"] = mean
                    if deviations:
                        flat[f"{mode}/single_shot/{name}_std"] = deviations[name]
        if self.metric is not None:
            flat["metric"] = self.metric
        return flat

    def table(self) -> str:
        """Modes as rows of a Markdown table, in per cent, each followed by what a random ranking would reach."""
        return results_table(self)

    def save(self, path: str | Path) -> None:
        """Writes the result as JSON, through a temporary file beside it."""
        write_whole(path, json.dumps({"format": _FORMAT, "version": _VERSION, **asdict(self)}, indent=2) + "\n")

    @classmethod
    def load(cls, path: str | Path) -> "EvaluationResult":
        """Reads what :meth:`save` wrote.

        Raises:
            ResultError: the file is absent, broken, no evaluation result, or one of another version.
        """
        again = "evaluate again, with train_net.py --eval-only"
        try:
            text = Path(path).read_text(encoding="utf-8")
            found: Any = json.loads(text)
        except FileNotFoundError:
            raise ResultError(f"{path} does not exist: the evaluation that writes it has not been run") from None
        except ValueError as error:
            raise ResultError(f"{path} is broken ({error}); {again}") from error
        if isinstance(found, dict) and "metric" in found and "format" not in found:
            raise ResultError(f"{path} was written by version 0.1, which did not say how it measured; {again}")
        if not isinstance(found, dict) or found.get("format") != _FORMAT:
            raise ResultError(f"{path} holds no evaluation result; expected a results_<data set>.json of this project")
        if found.get("version") != _VERSION:
            raise ResultError(
                f"{path} has version {found.get('version')!r} of its format, expected {_VERSION}; {again}"
            )
        try:
            return TypeAdapter(cls).validate_json(text, strict=True)
        except ValidationError as error:
            problem = error.errors()[0]
            where = " / ".join(map(str, problem["loc"]))
            raise ResultError(f"{path} is broken ({where}: {problem['msg']}); {again}") from error


def _below(prefix: str, values: Mapping[str, float]) -> dict[str, float]:
    return {f"{prefix}/{name}": value for name, value in values.items()}
