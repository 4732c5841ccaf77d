"""The evaluator beside the host's: the same hooks and result dict, every clothes mode by name."""

import itertools
import json
import logging
import os
from collections import OrderedDict

import torch
from fastreid.evaluation import DatasetEvaluator
from fastreid.utils import comm
from tabulate import tabulate
from termcolor import colored

from .chance import chance_level
from .matching import MODES
from .ranking import clothes_rank

_RANKS = (1, 5, 10)

logger = logging.getLogger("fastreid.ifd.evaluation")


class ClothesEvaluator(DatasetEvaluator):
    """Ranks the gallery for each query and scores the modes general, same_clothing and clothing_change.

    One pass of feature extraction serves all modes. A query without a match in a mode is left out of its means and
    counted. Chance, the expectation of a random ranking, is printed beside each mode.

    Args:
        cfg: full config; TEST.METRIC and IFD.METRIC_MODE are read.
        num_query: how many of the first images are queries.
        output_dir: where results.json and results.md go; None: nowhere.
        dataset_name: name for the tables.

    ``evaluate()`` returns an OrderedDict, empty on other processes than the first: for each mode ``<mode>/Rank-1``,
    ``-5``, ``-10``, ``<mode>/mAP``, ``<mode>/mINP`` in per cent, ``<mode>/queries`` and ``<mode>/left_out``, and
    ``metric``, the mean of rank-1 and mAP in IFD.METRIC_MODE (in ``general`` where no query counts there), which the
    host's checkpointer compares.
    """

    def __init__(self, cfg, num_query: int, output_dir: str | None = None, *, dataset_name: str = "data set"):
        self._metric = cfg.TEST.METRIC
        self._metric_mode = cfg.IFD.METRIC_MODE
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
        ranked = clothes_rank(features[:split], features[split:], *labels, mode=MODES, metric=self._metric)
        chance = chance_level(*labels, mode=MODES, ranks=_RANKS)

        results = OrderedDict()
        for mode in MODES:
            scores = ranked[mode]
            for rank in _RANKS:
                results[f"{mode}/Rank-{rank}"] = 100 * float(scores.cmc[rank - 1])
            results[f"{mode}/mAP"] = 100 * float(scores.mean_ap)
            results[f"{mode}/mINP"] = 100 * float(scores.mean_inp)
            results[f"{mode}/queries"] = scores.num_queries
            results[f"{mode}/left_out"] = scores.num_skipped
        mode = self._metric_mode if results[f"{self._metric_mode}/queries"] else "general"
        results["metric"] = (results[f"{mode}/Rank-1"] + results[f"{mode}/mAP"]) / 2

        table = results_table(results, chance)
        logger.info("Evaluation results for %s in csv format:\n%s", self._dataset_name, colored(table, "cyan"))
        if self._output_dir:
            self._write(results, table)
        return results

    def _write(self, results: dict, table: str) -> None:
        os.makedirs(self._output_dir, exist_ok=True)
        stem = os.path.join(self._output_dir, f"results_{self._dataset_name}")
        with open(f"{stem}.json", "w") as file:
            json.dump(results, file, indent=2)
        with open(f"{stem}.md", "w") as file:
            file.write(f"{self._dataset_name}, per cent\n\n{table}\n")


def results_table(results: dict, chance: dict) -> str:
    """The modes as rows of a Markdown table, each followed by what a random ranking would reach."""
    headers = ["mode", *(f"Rank-{rank}" for rank in _RANKS), "mAP", "mINP", "queries", "left out"]
    rows = []
    for mode in MODES:
        rows.append([mode, *(results[f"{mode}/{name}"] for name in (*headers[1:-1], "left_out"))])
        by_chance = chance[mode]
        expected = (*(by_chance.cmc[rank] for rank in _RANKS), by_chance.mean_ap, by_chance.mean_inp)
        rows.append([f"{mode}, chance", *(100 * value for value in expected)])
    return tabulate(rows, headers=headers, tablefmt="pipe", floatfmt=".2f", numalign="left")
