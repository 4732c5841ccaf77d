"""What a checkpoint remembers of the run that wrote it, and what a run that goes on may change of it."""

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from fastreid.config import CfgNode

from .run_keys import COUNTED, TOLD, RunKeys, within

#: Entry of a checkpoint that holds the record.
ENTRY = "run"


@dataclass(frozen=True)
class Difference:
    """One thing that is not as it was.

    Attributes:
        name: config key, or what else.
        before: in the checkpoint.
        now: in the run that is to go on.
    """

    name: str
    before: Any
    now: Any

    def __str__(self) -> str:
        return f"{self.name} is {self.now!r} and was {self.before!r}"


@dataclass(frozen=True)
class RunRecord:
    """What a run was configured with and trained on.

    Attributes:
        seed: of all its random numbers, never negative.
        processes: that trained together.
        config: value of each config key, by its dotted name; weights inside OUTPUT_DIR are named relative to it.
        data: see :func:`fastreid_runs.fingerprint`.
    """

    seed: int
    processes: int
    config: Mapping[str, Any]
    data: Mapping[str, Any]

    @classmethod
    def of(cls, cfg: CfgNode, seed: int, processes: int, data: Mapping[str, Any], *, keys: RunKeys) -> "RunRecord":
        """The record of a run that is about to start, in whose config the key of the seed has its value."""
        config = flat(cfg)
        config[keys.seed] = seed
        weights = cfg.MODEL.WEIGHTS
        if weights and cfg.OUTPUT_DIR and "://" not in weights:
            inside = os.path.relpath(weights, cfg.OUTPUT_DIR)
            config["MODEL.WEIGHTS"] = weights if inside.startswith(os.pardir) else inside.replace(os.sep, "/")
        return cls(seed, processes, config, dict(data))

    @classmethod
    def from_checkpoint(cls, checkpoint: Mapping[str, Any]) -> "RunRecord | None":
        """The record in a checkpoint; None where it was written by a version that kept none."""
        entry = checkpoint.get(ENTRY)
        if not isinstance(entry, dict) or not {"seed", "processes", "config", "data"} <= set(entry):
            return None
        return cls(int(entry["seed"]), int(entry["processes"]), dict(entry["config"]), dict(entry["data"]))

    def state(self) -> dict[str, Any]:
        """As plain values, for a checkpoint."""
        return asdict(self)

    def refused(self, now: "RunRecord", epochs: int, finished: bool = False, *, keys: RunKeys) -> list[Difference]:
        """What cannot be otherwise in a run that goes on, since it would be ignored or make another training of it.

        Args:
            now: the run that is to go on from this one.
            epochs: that are trained.
            finished: whether the stage is trained to its end; its length is then what it is.
            keys: of the project's config.
        """
        differences = []
        for difference in self._config_differences(now, keys):
            name = difference.name
            if within(name, (*keys.free, *keys.measures, *TOLD)) or (finished and within(name, keys.length)):
                continue
            if name in COUNTED and 0 in (difference.before, difference.now):
                continue
            if name == "SOLVER.MAX_EPOCH" and self._may_end_at(difference.now, now, epochs):
                continue
            differences.append(difference)
        if self.data != now.data:
            differences.append(Difference("the training data", _told(self.data), _told(now.data)))
        return differences

    def told(self, now: "RunRecord", *, keys: RunKeys) -> list[Difference]:
        """What may be otherwise, but makes the result another one, if only by a little."""
        found = self._config_differences(now, keys)
        differences = [difference for difference in found if within(difference.name, TOLD)]
        if self.processes != now.processes:
            differences.append(Difference("the number of processes", self.processes, now.processes))
        return differences

    def measures_alike(self, now: "RunRecord", *, keys: RunKeys) -> bool:
        """Whether a metric of this run can be compared with one of the other."""
        return not any(within(difference.name, keys.measures) for difference in self._config_differences(now, keys))

    def _config_differences(self, now: "RunRecord", keys: RunKeys) -> list[Difference]:
        # A key that one of the versions did not have counts as left at its default.
        defaults = flat(keys.defaults())
        names = sorted({*self.config, *now.config})
        pairs = ((name, *(_plain(run.config.get(name, defaults.get(name))) for run in (self, now))) for name in names)
        return [Difference(name, before, after) for name, before, after in pairs if before != after]

    def _may_end_at(self, max_epoch: int, now: "RunRecord", epochs: int) -> bool:
        # A schedule of steps is the same up to its end wherever that lies; a cosine is not.
        return now.config.get("SOLVER.SCHED") == "MultiStepLR" and max_epoch >= epochs


def flat(cfg: CfgNode) -> dict[str, Any]:
    """Each value of a config by its dotted name."""
    values: dict[str, Any] = {}
    for name, value in cfg.items():
        if isinstance(value, CfgNode):
            values.update({f"{name}.{inner}": leaf for inner, leaf in flat(value).items()})
        else:
            values[name] = _plain(value)
    return values


def _plain(value: Any) -> Any:
    # YAML gives lists where the defaults have tuples.
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value


def _told(data: Mapping[str, Any]) -> str:
    return f"{data.get('images', 0):,} images of {data.get('bytes', 0):,} bytes (sha256 {str(data.get('sha256'))[:8]})"
