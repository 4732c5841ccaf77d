"""The evaluator beside the host's: the same hooks and result dict, every clothes mode and protocol by name."""

import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import ClassVar

import torch
from fastreid.evaluation import DatasetEvaluator
from fastreid.utils import comm
from termcolor import colored

from clothes_rank import MODES, Retrieval
from clothes_rank.chance import ChanceLevel
from clothes_rank.scores import RankResult

from .gathering import gather_rows
from .protocol import Protocol
from .rank_scores import RANKS, RankScores, Spread
from .result import EvaluationResult, ModeResult
from .retrieval import as_retrieval
from .tracklet_means import TrackletMeans

_FALSE_POSITIVE_RATES = (1e-4, 1e-3, 1e-2)

# By the name that logs have had from the start.
logger = logging.getLogger("fastreid.clothes_evaluation")


class ClothesEvaluator(DatasetEvaluator):
    """Ranks the gallery for each query and scores the modes general, same_clothing and clothing_change.

    One pass of feature extraction serves all modes and protocols. A query without a match in a mode is left out of its
    means and counted. Chance, the expectation of a random ranking, is printed beside each mode. The protocol's metric,
    query expansion and re-ranking have their effect in every mode.

    Args:
        protocol: how the ranking is made; its ``draw_seed`` is replaced.
        num_query: how many of the first images are queries.
        output_dir: where results_<data set>.json and .md go, see :class:`EvaluationResult`; None: nowhere.
        dataset_name: name for the tables.
        draws: galleries of one random image per person that are scored as well, a data set's own protocol; 0: none.
        draw_seed: of these.
        verification: whether true positives at given false positive rates are told.
        modes: that are scored, of ``clothes_rank``, those that the data set's labels allow.
        metric_mode: whose rank-1 and mAP make ``metric``; the first of ``modes`` where it is none of them.
        label_kind: where the clothes labels come from, for the table.
        camera_kind: what cameras are, for the table.
        further_labels: what modes compare beside cameras and clothes, by name: of each query, then gallery item.

    Batches of frames, with ``tracklets`` and ``frame_weights``, are summed up by tracklet as they come; queries and
    gallery are then tracklets, and descriptors of length 1.

    ``evaluate()``, once after ``reset()``, lets go of what was processed and returns :meth:`EvaluationResult.flat`, the
    host's dict; empty on other processes than the first. Its
    ``metric``, the mean of rank-1 and mAP in the metric's mode (in ``general`` where no query counts there, with a
    warning), is what the host's checkpointer compares.

    Attributes:
        result: of the last ``evaluate()``; None on other processes than the first.
        metric_key: what warnings call ``metric_mode``, such as a config key.
    """

    metric_key: ClassVar[str] = "metric_mode"

    def __init__(
        self,
        protocol: Protocol,
        num_query: int,
        output_dir: str | None = None,
        *,
        dataset_name: str = "data set",
        draws: int = 0,
        draw_seed: int = 0,
        verification: bool = False,
        modes: Sequence[str] = MODES,
        metric_mode: str = "clothing_change",
        label_kind: str = "labelled",
        camera_kind: str = "labelled",
        further_labels: Mapping[str, Sequence[int]] | None = None,
    ) -> None:
        self._modes_asked = tuple(modes)
        self._metric_mode = metric_mode if metric_mode in self._modes_asked else self._modes_asked[0]
        self._verification = verification
        self._label_kind = label_kind
        self._camera_kind = camera_kind
        self._further_labels = dict(further_labels or {})
        self._draws_left_out = draws > 0 and protocol.treatment != ""
        self._draws = 0 if self._draws_left_out else draws
        self._protocol = replace(protocol, draw_seed=draw_seed if self._draws else None)
        self._num_query = num_query
        self._output_dir = output_dir
        self._dataset_name = dataset_name
        self.result: EvaluationResult | None = None
        self.reset()

    def reset(self) -> None:
        self._features: list[torch.Tensor] = []
        # (n, 3) int64 of a batch: pids, cameras, clothes.
        self._labels: list[torch.Tensor] = []
        self._tracklets: TrackletMeans | None = None

    def process(self, inputs: Mapping[str, torch.Tensor], outputs: torch.Tensor) -> None:
        features = outputs.detach().to("cpu", torch.float32)
        labels = {key: inputs[key].to("cpu") for key in ("targets", "camids", "clothes")}
        if "tracklets" in inputs:
            self._tracklets = self._tracklets or TrackletMeans()
            self._tracklets.add(features, inputs["frame_weights"].cpu(), inputs["tracklets"].cpu(), labels.values())
        else:
            self._features.append(features)
            self._labels.append(torch.stack(list(labels.values()), dim=1))

    def evaluate(self) -> dict[str, float]:
        comm.synchronize()
        # A process may have had nothing to read.
        if any(comm.all_gather(self._tracklets is not None)):
            parts = [part for part in comm.gather(self._tracklets, dst=0) if part is not None]
            if not comm.is_main_process():
                return {}
            for part in parts[1:]:
                parts[0].merge(part)
            features, pids, cameras, clothes = parts[0].finish()
        else:
            # The host's inference sampler gives each process one contiguous part, so the parts join in order.
            joined, labels = gather_rows(self._features), gather_rows(self._labels)
            if joined is None or labels is None:
                return {}
            features, (pids, cameras, clothes) = joined, labels.T
        retrieval = as_retrieval(
            features,
            pids,
            cameras,
            clothes,
            num_query=self._num_query,
            protocol=self._protocol,
            further_labels=self._further_labels,
        )
        self.result = EvaluationResult(
            dataset=self._dataset_name,
            modes=self._modes(retrieval),
            protocol=self._protocol,
            metric_mode=self._metric_mode,
            label_kind=self._label_kind,
            camera_kind=self._camera_kind,
        )
        self._report(self.result)
        return self.result.flat()

    def _modes(self, retrieval: Retrieval) -> dict[str, ModeResult]:
        verified, drawn = {}, {}
        if self._verification:
            verified = retrieval.verification(self._modes_asked, false_positive_rates=_FALSE_POSITIVE_RATES)
        if self._draws_left_out:
            logger.info("Single-shot is left out: with AQE or re-ranking, features would depend on what was not drawn")
        elif (seed := self._protocol.draw_seed) is not None:
            drawn = retrieval.single_shot(self._modes_asked, draws=self._draws, seed=seed, chance_ranks=RANKS)
        chance = retrieval.chance(self._modes_asked, ranks=RANKS)
        return {
            mode: ModeResult(
                queries=scores.num_queries,
                left_out=scores.num_skipped,
                scores=_scores(scores),
                chance=_scores(chance[mode]),
                single_shot=_spread(drawn[mode].draws) if drawn else None,
                single_shot_chance=_mean(drawn[mode].chance) if drawn else None,
                verification=verified[mode].true_positive_rates if verified and scores.num_queries else {},
            )
            for mode, scores in retrieval.rank(self._modes_asked).items()
        }

    def _report(self, result: EvaluationResult) -> None:
        text = f"{result.table()}\n\n{result.protocol}"
        checkpoint = result.protocol.checkpoint
        if checkpoint.chosen == "best on the test queries":
            chosen = "was chosen among a run's checkpoints by the test queries"
            text += f"\n\n{checkpoint.file} {chosen}. Report model_final.pth."
        logger.info("Evaluation results for %s in csv format:\n%s", result.dataset, colored(text, "cyan"))
        if result.scored_mode is None:
            logger.warning(
                "No query of %s has a match in %s or general mode: there is no metric to choose a checkpoint by",
                result.dataset,
                result.metric_mode,
            )
        elif result.scored_mode != result.metric_mode:
            logger.warning(
                "No query of %s has a match in %s mode (%s): metric is that of %s mode",
                result.dataset,
                result.metric_mode,
                self.metric_key,
                result.scored_mode,
            )
        if self._output_dir:
            os.makedirs(self._output_dir, exist_ok=True)
            stem = os.path.join(self._output_dir, f"results_{result.dataset}")
            result.save(f"{stem}.json")
            with open(f"{stem}.md", "w") as file:
                file.write(f"{result.dataset}, per cent\n\n{text}\n")


def _scores(found: RankResult | ChanceLevel) -> RankScores | None:
    if not found.num_queries:
        return None
    # A curve's first entry is rank 1; chance is given by rank.
    offset = 0 if isinstance(found, ChanceLevel) else 1
    return RankScores({rank: float(found.cmc[rank - offset]) for rank in RANKS}, found.mean_ap, found.mean_inp)


def _spread(draws: Sequence[RankResult | ChanceLevel]) -> Spread | None:
    # A draw in which no query has a match has no part in the means.
    found = [scores for draw in draws if (scores := _scores(draw))]
    return Spread.of(found) if found else None


def _mean(draws: Sequence[ChanceLevel]) -> RankScores | None:
    spread = _spread(draws)
    return spread.mean if spread else None
