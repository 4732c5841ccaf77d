"""What an ablation compares: Table II of the paper (IFD, ICASSP 2025) and rows beside it."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Variant:
    """One row of the ablation.

    Attributes:
        name: also of its folder.
        title: as the tables print it.
        options: config keys that differ from the whole model.
        starts_from: variant whose last checkpoint its training starts from; None: from the config's own start.
        evaluates: variant whose last checkpoint it evaluates without any training of its own; None: it is trained.
        streams: backbones that a training step runs.
        stage1: whether its training is a stage 1, as long as that of the config.
        paper: the paper's Table II, by data set: rank-1 and mAP in per cent in clothing-change mode.
    """

    name: str
    title: str
    options: Mapping[str, object] = field(default_factory=dict)
    starts_from: str | None = None
    evaluates: str | None = None
    streams: int = 1
    stage1: bool = False
    paper: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    @property
    def needs(self) -> str | None:
        """Variant that has to be there first."""
        return self.starts_from or self.evaluates


_STAGE1 = "attention_stream"

# Stage 1 does not depend on the variant, so that it is trained once a seed, as the row of its own.
VARIANTS: Mapping[str, Variant] = {
    variant.name: variant
    for variant in (
        Variant(
            "baseline",
            "baseline",
            {"IFD.IKT.ENABLED": False, "IFD.CBD.ENABLED": False},
            paper={"PRCC": (24.3, 11.2), "LTCC": (16.4, 9.2)},
        ),
        Variant(
            "with_ikt",
            "w/ IKT",
            {"IFD.CBD.ENABLED": False},
            starts_from=_STAGE1,
            streams=2,
            paper={"PRCC": (50.3, 49.2), "LTCC": (50.7, 24.6)},
        ),
        Variant(
            "with_cbd",
            "w/ CBD",
            {"IFD.IKT.ENABLED": False},
            paper={"PRCC": (51.2, 45.3), "LTCC": (49.6, 23.4)},
        ),
        Variant(
            "ifd_supcon",
            "IFD w/ CL",
            {"IFD.CBD.LOSS": "supcon"},
            starts_from=_STAGE1,
            streams=2,
            paper={"PRCC": (58.9, 52.3), "LTCC": (57.8, 30.6)},
        ),
        Variant(
            "ifd",
            "IFD",
            starts_from=_STAGE1,
            streams=2,
            paper={"PRCC": (65.3, 61.7), "LTCC": (64.3, 42.3)},
        ),
        Variant(
            "ifd_literal",
            "IFD, eq. 1 as printed",
            {"IFD.IKT.KERNEL_SIZE": 7, "IFD.IKT.NORM": "", "IFD.IKT.INIT": "random"},
            starts_from=_STAGE1,
            streams=2,
        ),
        Variant(_STAGE1, "attention stream alone", {"MODEL.META_ARCHITECTURE": "IFDAttentionStream"}, stage1=True),
        Variant(
            "attention_stream_on",
            "attention stream alone, trained on for as long as in IFD",
            {"MODEL.META_ARCHITECTURE": "IFDAttentionStream"},
            starts_from=_STAGE1,
        ),
        Variant("ifd_attention", "IFD, its f_a", {"IFD.DESCRIPTOR": "attention"}, evaluates="ifd", streams=2),
        Variant("ifd_joined", "IFD, f_rg and f_a joined", {"IFD.DESCRIPTOR": "joined"}, evaluates="ifd", streams=2),
    )
}

# Pairs of Table II whose second is better than their first, in rank-1 and mAP, on both of the paper's data sets.
PAPER_ORDER = (
    ("baseline", "with_ikt"),
    ("baseline", "with_cbd"),
    ("with_ikt", "ifd_supcon"),
    ("with_cbd", "ifd_supcon"),
    ("ifd_supcon", "ifd"),
)


def with_what_they_need(names: list[str]) -> list[Variant]:
    """The named variants and those they start from, in the order in which they can run.

    Raises:
        KeyError: no such variant.
    """
    ordered: dict[str, Variant] = {}

    def add(name: str) -> None:
        variant = VARIANTS[name]
        if variant.needs:
            add(variant.needs)
        ordered.setdefault(name, variant)

    # What others wait for goes first, so that no core is idle at the end.
    for name in sorted(names, key=lambda name: (VARIANTS[name].evaluates is not None, name != _STAGE1)):
        add(name)
    return list(ordered.values())
