"""What an evaluation needs to know of a data set."""

from dataclasses import dataclass

from datasets_ext import ClothesImageDataset


@dataclass(frozen=True)
class TestFacts:
    """Labels and modes of a test set.

    Attributes:
        modes: of ``clothes_rank``, that the data set's labels allow.
        label_kind: where its clothes labels come from.
        camera_kind: what its cameras are.
        further_labels: what modes compare beside cameras and clothes: a label of each query, then gallery item.
        single_shot_gallery: whether its own protocol takes one random gallery image a person.
        no_metric: why IFD.METRIC_MODE cannot be had; empty where it can.
    """

    modes: tuple[str, ...]
    label_kind: str
    camera_kind: str
    further_labels: dict[str, list[int]]
    single_shot_gallery: bool
    no_metric: str = ""

    @classmethod
    def of(cls, dataset: ClothesImageDataset, metric_mode: str) -> "TestFacts":
        """The facts of a data set.

        Args:
            dataset: that was read.
            metric_mode: IFD.METRIC_MODE.
        """
        return cls(
            dataset.modes,
            dataset.clothes_labels.test,
            dataset.camera_kind,
            dataset.further_labels(),
            dataset.single_shot_gallery,
            dataset.why_not(metric_mode),
        )
