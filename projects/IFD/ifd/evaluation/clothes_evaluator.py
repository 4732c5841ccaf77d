"""The evaluator beside the host's: the same hooks and result dict, every clothes mode and protocol by name."""

import itertools
import json
import logging
import os
from collections import OrderedDict

import torch
from fastreid.evaluation import DatasetEvaluator
from fastreid.utils import comm
from termcolor import colored

from clothes_rank import MODES, clothes_rank, clothes_rank_from_distances
from clothes_rank.chance import chance_level
from clothes_rank.query_expansion import expand_queries
from clothes_rank.rerank import rerank
from clothes_rank.single_shot import single_shot
from clothes_rank.verification import verification_rates, verification_rates_from_distances

from .results_table import RANKS, results_table

_FALSE_POSITIVE_RATES = (1e-4, 1e-3, 1e-2)

logger = logging.getLogger("fastreid.ifd.evaluation")


class ClothesEvaluator(DatasetEvaluator):
    """Ranks the gallery for each query and scores the modes general, same_clothing and clothing_change.

    One pass of feature extraction serves all modes and protocols. A query without a match in a mode is left out of its
    means and counted. Chance, the expectation of a random ranking, is printed beside each mode. The host's TEST.METRIC,
    TEST.AQE, TEST.RERANK and TEST.ROC have their effect in every mode.

    Args:
        cfg: full config; TEST, IFD.METRIC_MODE and IFD.SINGLE_SHOT are read.
        num_query: how many of the first images are queries.
        output_dir: where results_<data set>.json (``<mode>/chance/<metric>`` among it) and .md go; None: nowhere.
        dataset_name: name for the tables.
        single_shot_gallery: whether the data set's own protocol, one random gallery image per person, is scored as
            well.

    ``evaluate()`` returns an OrderedDict, empty on other processes than the first. For each mode, in per cent:
    ``<mode>/Rank-1``, ``-5``, ``-10``, ``-20``, ``<mode>/mAP``, ``<mode>/mINP``; ``<mode>/queries`` and
    ``<mode>/left_out``; with TEST.ROC ``<mode>/TPR@FPR=1e-04`` and so on, as shares, as the host gives them; with a
    single-shot gallery ``<mode>/single_shot/<metric>`` and ``<metric>_std`` over the draws. ``metric``, the mean of
    rank-1 and mAP in IFD.METRIC_MODE (in ``general`` where no query counts there), is what the host's checkpointer
    compares.
    """

    def __init__(
        self,
        cfg,
        num_query: int,
        output_dir: str | None = None,
        *,
        dataset_name: str = "data set",
        single_shot_gallery: bool = False,
    ):
        self._test = cfg.TEST.clone()
        self._metric_mode = cfg.IFD.METRIC_MODE
        self._draws = cfg.IFD.SINGLE_SHOT.DRAWS if single_shot_gallery else 0
        self._draw_seed = cfg.IFD.SINGLE_SHOT.SEED
        self._weights = os.path.basename(cfg.MODEL.WEIGHTS)
        self._num_query = num_query
        self._output_dir = output_dir
        self._dataset_name = dataset_name
        self.reset()

    def reset(self):
        self._batches = []

    def process(self, inputs, outputs):
        self._batches.append(
            {
                "features": outputs.detach().to("cpu", torch.float32),
                **{key: inputs[key].to("cpu") for key in ("targets", "camids", "clothes")},
            }
        )

    def evaluate(self):
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
        labels = [part for ids in (pids, cameras, clothes) for part in (ids[:split], ids[split:])]
        results = self._scores(features[:split], features[split:], labels)
        chance = chance_level(*labels, mode=MODES, ranks=RANKS)
        table = results_table(results, chance)
        if self._weights.startswith("model_best"):
            table += (
                f"\n\n{self._weights} was chosen among a run's checkpoints by the test queries. Report model_final.pth."
            )
        logger.info("Evaluation results for %s in csv format:\n%s", self._dataset_name, colored(table, "cyan"))
        if self._output_dir:
            self._write(results, chance, table)
        return results

    def _scores(self, query: torch.Tensor, gallery: torch.Tensor, labels: list[torch.Tensor]) -> OrderedDict:
        test, results = self._test, OrderedDict()
        if test.AQE.ENABLED:
            logger.info("Test with AQE setting")
            query, gallery = expand_queries(
                query, gallery, times=test.AQE.QE_TIME, k=test.AQE.QE_K, alpha=test.AQE.ALPHA
            )
        if test.RERANK.ENABLED:
            logger.info("Test with rerank setting")
            distances = rerank(
                query,
                gallery,
                k1=test.RERANK.K1,
                k2=test.RERANK.K2,
                lambda_value=test.RERANK.LAMBDA,
                metric=test.METRIC,
            )
            ranked = clothes_rank_from_distances(distances, *labels, mode=MODES)
        else:
            ranked = clothes_rank(query, gallery, *labels, mode=MODES, metric=test.METRIC)
        for mode, scores in ranked.items():
            for rank in RANKS:
                results[f"{mode}/Rank-{rank}"] = 100 * float(scores.cmc[rank - 1])
            results[f"{mode}/mAP"] = 100 * scores.mean_ap
            results[f"{mode}/mINP"] = 100 * scores.mean_inp
            results[f"{mode}/queries"] = scores.num_queries
            results[f"{mode}/left_out"] = scores.num_skipped

        if test.ROC.ENABLED:
            wanted = {"mode": MODES, "false_positive_rates": _FALSE_POSITIVE_RATES}
            if test.RERANK.ENABLED:
                verified = verification_rates_from_distances(distances, *labels, **wanted)
            else:
                verified = verification_rates(query, gallery, *labels, metric=test.METRIC, **wanted)
            for mode, verification in verified.items():
                for rate, share in verification.true_positive_rates.items():
                    results[f"{mode}/TPR@FPR={rate:.0e}"] = share

        if self._draws and (test.AQE.ENABLED or test.RERANK.ENABLED):
            logger.info("Single-shot is left out: with AQE or re-ranking, features would depend on what was not drawn")
        elif self._draws:
            drawn = single_shot(
                query, gallery, *labels, mode=MODES, metric=test.METRIC, draws=self._draws, seed=self._draw_seed
            )
            for mode, scores in drawn.items():
                key = f"{mode}/single_shot"
                for rank in RANKS:
                    results[f"{key}/Rank-{rank}"] = 100 * float(scores.cmc[rank - 1])
                    results[f"{key}/Rank-{rank}_std"] = 100 * float(scores.cmc_std[rank - 1])
                for name, mean, deviation in (
                    ("mAP", scores.mean_ap, scores.mean_ap_std),
                    ("mINP", scores.mean_inp, scores.mean_inp_std),
                ):
                    results[f"{key}/{name}"], results[f"{key}/{name}_std"] = 100 * mean, 100 * deviation

        mode = self._metric_mode if results[f"{self._metric_mode}/queries"] else "general"
        results["metric"] = (results[f"{mode}/Rank-1"] + results[f"{mode}/mAP"]) / 2
        return results

    def _write(self, results: dict, chance: dict, table: str) -> None:
        os.makedirs(self._output_dir, exist_ok=True)
        results = dict(results)
        for mode, level in chance.items():
            results.update({f"{mode}/chance/Rank-{rank}": 100 * level.cmc[rank] for rank in RANKS})
            results.update({f"{mode}/chance/mAP": 100 * level.mean_ap, f"{mode}/chance/mINP": 100 * level.mean_inp})
        stem = os.path.join(self._output_dir, f"results_{self._dataset_name}")
        with open(f"{stem}.json", "w") as file:
            json.dump(results, file, indent=2)
        with open(f"{stem}.md", "w") as file:
            file.write(f"{self._dataset_name}, per cent\n\n{table}\n")
