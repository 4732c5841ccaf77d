"""Where the clothes labels of a data set come from, and so which figures they allow."""

from dataclasses import dataclass
from typing import Literal

LabelKind = Literal["labelled", "implied", "pseudo", "absent"]
"""labelled: the makers say who wears what. implied: by construction each image of a person shows other clothes.
pseudo: something else stands in their place, such as the date. absent: there are none."""

CLOTHES_MODES: tuple[str, ...] = ("general", "same_clothing", "clothing_change")
"""What labelled outfits allow, by the names of ``clothes_rank.MODES``; without them only the first."""


@dataclass(frozen=True)
class ClothesLabels:
    """Clothes labels of a data set.

    Attributes:
        train: their kind in the training split.
        test: their kind in query and gallery.
        source: what they are read from, in a few words that complete "clothes labels: ".
    """

    train: LabelKind
    test: LabelKind
    source: str

    @property
    def modes(self) -> tuple[str, ...]:
        """Modes that compare no clothes but labelled ones."""
        return CLOTHES_MODES if self.test == "labelled" else CLOTHES_MODES[:1]

    @property
    def kind(self) -> str:
        """The kind, or both where the splits differ: ``labelled in training, absent in the test set``."""
        return self.test if self.train == self.test else f"{self.train} in training, {self.test} in the test set"

    def __str__(self) -> str:
        return f"{self.kind} ({self.source})"
