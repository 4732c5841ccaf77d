"""The evaluator beside the host's: the same hooks and result dict, every clothes mode and protocol by name."""

import itertools
import logging
import os
from collections.abc import Mapping
from typing import Any

import torch
from fastreid.evaluation import DatasetEvaluator
from fastreid.utils import comm
from termcolor import colored

from clothes_rank import MODES, Labels, Retrieval
from clothes_rank.chance import ChanceLevel
from clothes_rank.inputs import FeatureError
from clothes_rank.query_expansion import expand_queries
from clothes_rank.rerank import rerank
from clothes_rank.scores import RankResult
from clothes_rank.single_shot import SingleShotResult
from datasets_ext import UserError

from .protocol import Protocol
from .rank_scores import RANKS, RankScores, Spread
from .result import EvaluationResult, ModeResult

_FALSE_POSITIVE_RATES = (1e-4, 1e-3, 1e-2)

logger = logging.getLogger("fastreid.ifd.evaluation")


class DescriptorError(UserError, ValueError):
    """Descriptors that cannot be ranked."""


class ClothesEvaluator(DatasetEvaluator):
    """Ranks the gallery for each query and scores the modes general, same_clothing and clothing_change.

    One pass of feature extraction serves all modes and protocols. A query without a match in a mode is left out of its
    means and counted. Chance, the expectation of a random ranking, is printed beside each mode. The host's TEST.METRIC,
    TEST.AQE, TEST.RERANK and TEST.ROC have their effect in every mode.

    Args:
        cfg: full config; TEST, IFD.METRIC_MODE, IFD.SINGLE_SHOT and IFD.DESCRIPTOR are read, and MODEL.WEIGHTS for the
            name of the checkpoint that is evaluated, empty for a network that is being trained.
        num_query: how many of the first images are queries.
        output_dir: where results_<data set>.json and .md go, see :class:`EvaluationResult`; None: nowhere.
        dataset_name: name for the tables.
        single_shot_gallery: whether the data set's own protocol, one random gallery image per person, is scored as
            well.

    ``evaluate()`` returns :meth:`EvaluationResult.flat`, the host's dict; empty on other processes than the first. Its
    ``metric``, the mean of rank-1 and mAP in IFD.METRIC_MODE (in ``general`` where no query counts there, with a
    warning), is what the host's checkpointer compares.

    Attributes:
        result: of the last ``evaluate()``; None on other processes than the first.
    """

    def __init__(
        self,
        cfg: Any,
        num_query: int,
        output_dir: str | None = None,
        *,
        dataset_name: str = "data set",
        single_shot_gallery: bool = False,
    ) -> None:
        self._test = cfg.TEST.clone()
        self._metric_mode = cfg.IFD.METRIC_MODE
        plain = not (cfg.TEST.AQE.ENABLED or cfg.TEST.RERANK.ENABLED)
        self._draws = cfg.IFD.SINGLE_SHOT.DRAWS if single_shot_gallery and plain else 0
        self._draws_left_out = single_shot_gallery and not plain and cfg.IFD.SINGLE_SHOT.DRAWS > 0
        self._protocol = Protocol.of(cfg, draw_seed=cfg.IFD.SINGLE_SHOT.SEED if self._draws else None)
        self._num_query = num_query
        self._output_dir = output_dir
        self._dataset_name = dataset_name
        self.result: EvaluationResult | None = None
        self.reset()

    def reset(self) -> None:
        self._batches: list[dict[str, torch.Tensor]] = []

    def process(self, inputs: Mapping[str, torch.Tensor], outputs: torch.Tensor) -> None:
        self._batches.append(
            {
                "features": outputs.detach().to("cpu", torch.float32),
                **{key: inputs[key].to("cpu") for key in ("targets", "camids", "clothes")},
            }
        )

    def evaluate(self) -> dict[str, float]:
        batches = self._batches
        if comm.get_world_size() > 1:
            comm.synchronize()
            # The host's inference sampler gives each process one contiguous part, so the parts join in order.
            batches = list(itertools.chain(*comm.gather(batches, dst=0)))
            if not comm.is_main_process():
                return {}
        features, pids, cameras, clothes = (
            torch.cat([batch[key] for batch in batches]) for key in ("features", "targets", "camids", "clothes")
        )
        split = self._num_query
        query, gallery = (
            (features[part], Labels(pids[part], cameras[part], clothes[part]))
            for part in (slice(None, split), slice(split, None))
        )
        try:
            retrieval = self._retrieval(*query, *gallery)
        except FeatureError as error:
            raise DescriptorError(_unrankable(error, len(features))) from error
        self.result = EvaluationResult(
            dataset=self._dataset_name,
            modes=self._modes(retrieval),
            protocol=self._protocol,
            metric_mode=self._metric_mode,
        )
        self._report(self.result)
        return self.result.flat()

    def _retrieval(
        self, query: torch.Tensor, query_labels: Labels, gallery: torch.Tensor, gallery_labels: Labels
    ) -> Retrieval:
        metric = self._test.METRIC
        if aqe := self._protocol.query_expansion:
            logger.info("Test with AQE setting")
            query, gallery = expand_queries(query, gallery, times=aqe.times, k=aqe.k, alpha=aqe.alpha)
        if again := self._protocol.reranking:
            logger.info("Test with rerank setting")
            distances = rerank(query, gallery, k1=again.k1, k2=again.k2, lambda_value=again.lambda_value, metric=metric)
            return Retrieval.from_distances(distances, query_labels, gallery_labels)
        return Retrieval(query, gallery, query_labels, gallery_labels, metric=metric)

    def _modes(self, retrieval: Retrieval) -> dict[str, ModeResult]:
        verified, drawn = {}, {}
        if self._test.ROC.ENABLED:
            verified = retrieval.verification(MODES, false_positive_rates=_FALSE_POSITIVE_RATES)
        if self._draws_left_out:
            logger.info("Single-shot is left out: with AQE or re-ranking, features would depend on what was not drawn")
        elif (seed := self._protocol.draw_seed) is not None:
            drawn = retrieval.single_shot(MODES, draws=self._draws, seed=seed)
        chance = retrieval.chance(MODES, ranks=RANKS)
        return {
            mode: ModeResult(
                queries=scores.num_queries,
                left_out=scores.num_skipped,
                scores=_scores(scores),
                chance=_scores(chance[mode]),
                single_shot=_spread(drawn[mode]) if drawn else None,
                verification=verified[mode].true_positive_rates if verified and scores.num_queries else {},
            )
            for mode, scores in retrieval.rank(MODES).items()
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
                "No query of %s has a match in %s mode (IFD.METRIC_MODE): metric is that of %s mode",
                result.dataset,
                result.metric_mode,
                result.scored_mode,
            )
        if self._output_dir:
            os.makedirs(self._output_dir, exist_ok=True)
            stem = os.path.join(self._output_dir, f"results_{result.dataset}")
            result.save(f"{stem}.json")
            with open(f"{stem}.md", "w") as file:
                file.write(f"{result.dataset}, per cent\n\n{text}\n")


def _unrankable(error: FeatureError, num_descriptors: int) -> str:
    side, rows = next(iter(error.rows.items()))
    where = f"{'query' if side == 'query' else 'gallery image'} {rows[0]}"
    found = f"{sum(map(len, error.rows.values()))} of {num_descriptors} descriptors, the first that of {where}, hold"
    if error.reason == "not finite":
        return (
            f"{found} NaN or infinite values: the training has diverged, or half precision overflows. Look at "
            "total_loss in metrics.json; lower SOLVER.BASE_LR, or switch SOLVER.AMP.ENABLED off"
        )
    return (
        f"{found} nothing but zeros, which has no direction and so no cosine distance: the training has collapsed, or "
        "set TEST.METRIC to euclidean"
    )


def _scores(found: RankResult | ChanceLevel) -> RankScores | None:
    if not found.num_queries:
        return None
    # A curve's first entry is rank 1; chance is given by rank.
    offset = 0 if isinstance(found, ChanceLevel) else 1
    return RankScores({rank: float(found.cmc[rank - offset]) for rank in RANKS}, found.mean_ap, found.mean_inp)


def _spread(found: SingleShotResult) -> Spread | None:
    draws = [scores for draw in found.draws if (scores := _scores(draw))]
    return Spread.of(draws) if draws else None
