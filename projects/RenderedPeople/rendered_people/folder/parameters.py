"""What a benchmark is made from: every parameter that has a say in its bytes."""

from dataclasses import asdict, dataclass

LAYOUTS = ("prcc", "ltcc")
SPLITS = ("test", "validation")
_SMALLEST = (64, 32)


@dataclass(frozen=True)
class BenchmarkParameters:
    """Parameters of a benchmark.

    people: training and evaluated ones together, >= 4.   outfits: a person, >= 2.   cameras: >= 2; 3 in PRCC's layout.
    images_per_view: frames of each person, outfit and camera, >= 2.   height, width: pixels.   seed: >= 0.
    train_share: in (0, 1), share of the people to train on.   split: "test", or "validation" to evaluate on people who
    are in neither the training nor the test set of the same seed.   shared_outfits: in [0, 1], share of garments that
    several people own.   layouts: which of LAYOUTS are written.
    Raises: ValueError for a value out of its range.
    """

    people: int = 150
    outfits: int = 3
    cameras: int = 3
    images_per_view: int = 4
    height: int = 128
    width: int = 64
    seed: int = 0
    train_share: float = 0.6
    split: str = "test"
    shared_outfits: float = 0.5
    layouts: tuple = LAYOUTS

    def __post_init__(self):
        object.__setattr__(self, "layouts", tuple(self.layouts))
        _require(self.people >= 4, "people", self.people, "at least 4: two to train on and two to tell apart")
        _require(self.outfits >= 2, "outfits", self.outfits, "at least 2: there is no clothing change with fewer")
        _require(self.cameras >= 2, "cameras", self.cameras, "at least 2: queries and gallery come from different ones")
        _require(self.images_per_view >= 2, "images_per_view", self.images_per_view, "at least 2: query and gallery")
        _require(self.seed >= 0, "seed", self.seed, "0 or more")
        _require(0 < self.train_share < 1, "train_share", self.train_share, "between 0 and 1")
        _require(0 <= self.shared_outfits <= 1, "shared_outfits", self.shared_outfits, "between 0 and 1")
        _require(self.split in SPLITS, "split", self.split, f"one of {', '.join(SPLITS)}")
        known = bool(self.layouts) and set(self.layouts) <= set(LAYOUTS)
        _require(known, "layouts", self.layouts, f"one or more of {', '.join(LAYOUTS)}")
        _require(
            self.height >= _SMALLEST[0] and self.width >= _SMALLEST[1],
            "height x width",
            f"{self.height}x{self.width}",
            f"at least {_SMALLEST[0]}x{_SMALLEST[1]}: people are not recognisable below",
        )
        _require(1.2 <= self.height / self.width <= 4, "height / width", self.height / self.width, "between 1.2 and 4")
        _require(
            "prcc" not in self.layouts or self.cameras == 3,
            "cameras",
            self.cameras,
            "3 in PRCC's layout (A, B and C); leave that layout out for another number",
        )

    @property
    def train_count(self):
        """Number of training people; at least two are left for each side."""
        return min(max(round(self.people * self.train_share), 2), self.people - 2)

    @property
    def train_people(self):
        """Indices of the people to train on: the same ones for both splits."""
        return range(self.train_count)

    @property
    def evaluated_people(self):
        """Indices of the people that queries and gallery show."""
        first = self.train_count if self.split == "test" else self.people
        return range(first, first + self.people - self.train_count)

    @property
    def stock(self):
        """Garments of each sort in the common stock, so that about ten people share each one where all are shared."""
        return max(self.outfits, round((self.people + self.outfits) / 10) + 2)

    def to_json(self):
        """dict of plain values that says the same."""
        return {**asdict(self), "layouts": list(self.layouts)}


def _require(holds, name, found, expected):
    if not holds:
        raise ValueError(f"{name} is {found}; it must be {expected}")
