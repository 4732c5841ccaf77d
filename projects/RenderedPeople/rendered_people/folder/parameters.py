"""What a benchmark is made from: every parameter that has a say in its bytes."""

import operator
from dataclasses import asdict, dataclass
from typing import Any

from rendered_people.errors import RenderingError

DEFAULT_LAYOUTS = ("prcc", "ltcc")
VIDEO_LAYOUTS = ("ccvid", "mevid")
LAYOUTS = (
    *DEFAULT_LAYOUTS,
    "vcclothes",
    "real28",
    "last",
    "deepchange",
    "celebreid",
    "celebreidlight",
    *VIDEO_LAYOUTS,
)
_VIDEO = set(VIDEO_LAYOUTS)
SPLITS = ("test", "validation")
_SMALLEST = (64, 32)
_LARGEST = (2048, 1024)
# A run of this many takes some four hours on two cores; typing errors ask for more.
_MOST_IMAGES = 1_000_000
_MOST_IN_MEVID = 9_999
# Left out of what is written down where they say nothing, so that folders made before they existed stay valid.
_LATER = {"sites": 1, "unseen_sites": 0, "tracklet_frames": 12, "shards": 0, "varied_sites": 0}


@dataclass(frozen=True)
class BenchmarkParameters:
    """Parameters of a benchmark.

    Attributes:
        people: People of a site, training and evaluated ones together, 4 or more.
        outfits: Outfits of a person, 2 or more.
        cameras: Cameras of a site, 2 or more; 3 in PRCC's layout.
        images_per_view: Images of each person, outfit and camera, 2 or more; in layouts of images.
        height: Pixels.
        width: Pixels.
        seed: 0 or more; everything follows from it.
        train_share: In (0, 1), share of the people to train on.
        split: "test", or "validation" to evaluate on people (and unseen sites) that are in neither the training nor
            the test set of the same seed.
        shared_outfits: In [0, 1], share of garments that several people own.
        layouts: Which of LAYOUTS are written; kept in their order.
        sites: Sites to train and to evaluate on, each with scenes, cameras and people of its own, 1 or more.
        unseen_sites: Further sites to evaluate on, which no training image shows, 0 or more; in PRCC's and LTCC's
            layouts.
        tracklet_frames: Frames of the walk of each person, outfit and camera, 2 or more; in layouts of video.
        varied_sites: 1 where sites differ in season, crowds, boxes and sizes of images, too; 0 where they do not.
        shards: About how many images go into one shard; 0 for a folder of files.

    Raises:
        RenderingError: A value is out of its range.
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
    layouts: tuple[str, ...] = DEFAULT_LAYOUTS
    sites: int = 1
    unseen_sites: int = 0
    tracklet_frames: int = 12
    shards: int = 0
    varied_sites: int = 0

    def __post_init__(self) -> None:
        for name in ("people", "outfits", "cameras", "images_per_view", "height", "width", "seed", *_LATER):
            object.__setattr__(self, name, _whole_number(name, getattr(self, name)))
        for name in ("train_share", "shared_outfits"):
            object.__setattr__(self, name, _number(name, getattr(self, name)))
        object.__setattr__(self, "layouts", _known_layouts(self.layouts))
        _require(self.people >= 4, "people", self.people, "at least 4: two to train on and two to tell apart")
        _require(self.outfits >= 2, "outfits", self.outfits, "at least 2: there is no clothing change with fewer")
        _require(self.cameras >= 2, "cameras", self.cameras, "at least 2: queries and gallery come from different ones")
        _require(self.images_per_view >= 2, "images_per_view", self.images_per_view, "at least 2: query and gallery")
        _require(self.seed >= 0, "seed", self.seed, "0 or more")
        _require(0 < self.train_share < 1, "train_share", self.train_share, "between 0 and 1")
        _require(0 <= self.shared_outfits <= 1, "shared_outfits", self.shared_outfits, "between 0 and 1")
        _require(self.split in SPLITS, "split", self.split, f"one of {', '.join(SPLITS)}")
        _require(self.sites >= 1, "sites", self.sites, "at least 1")
        _require(self.unseen_sites >= 0, "unseen_sites", self.unseen_sites, "0 or more")
        _require(
            self.height >= _SMALLEST[0] and self.width >= _SMALLEST[1],
            "height x width",
            f"{self.height}x{self.width}",
            f"at least {_SMALLEST[0]}x{_SMALLEST[1]}: people are not recognisable below",
        )
        _require(
            self.height <= _LARGEST[0] and self.width <= _LARGEST[1],
            "height x width",
            f"{self.height}x{self.width}",
            f"at most {_LARGEST[0]}x{_LARGEST[1]}",
        )
        _require(1.2 <= self.height / self.width <= 4, "height / width", self.height / self.width, "between 1.2 and 4")
        _require(
            "prcc" not in self.layouts or self.cameras == 3,
            "cameras",
            self.cameras,
            "3 in PRCC's layout (A, B and C); leave that layout out for another number",
        )
        _require(
            "vcclothes" not in self.layouts or self.cameras >= 3,
            "cameras",
            self.cameras,
            "at least 3 in VC-Clothes's layout: its protocols are of cameras 2, 3 and 4",
        )
        _require(self.tracklet_frames >= 2, "tracklet_frames", self.tracklet_frames, "at least 2: it is video")
        # Numbers of people go on over the sites, and over those of the other split.
        _require(
            "mevid" not in self.layouts or 2 * self.sites * self.people <= _MOST_IN_MEVID,
            "2 x sites x people",
            2 * self.sites * self.people,
            f"at most {_MOST_IN_MEVID:,} in MEVID's layout, whose names have four digits for the person",
        )
        _require(self.varied_sites in (0, 1), "varied_sites", self.varied_sites, "0 or 1")
        _require(self.shards >= 0, "shards", self.shards, "at least 1 image a shard, or 0 for a folder of files")
        images = (self.sites + self.unseen_sites) * self.people * self.images_of_a_person
        _require(
            images <= _MOST_IMAGES,
            "sites x people x outfits x cameras x images_per_view (and tracklet_frames, of video)",
            f"{images:,}",
            f"at most {_MOST_IMAGES:,}; render folders of other seeds for more",
        )

    @property
    def images_of_a_person(self) -> int:
        """Images that all layouts together may show of one person."""
        is_video, is_image = (bool(set(self.layouts) & kind) for kind in (_VIDEO, set(LAYOUTS) - _VIDEO))
        return self.outfits * self.cameras * (is_image * self.images_per_view + is_video * self.tracklet_frames)

    @property
    def train_count(self) -> int:
        """Training people of a site; at least two are left for each side."""
        return min(max(round(self.people * self.train_share), 2), self.people - 2)

    @property
    def evaluated_count(self) -> int:
        """Evaluated people of a site, seen or unseen."""
        return self.people - self.train_count

    @property
    def stock(self) -> int:
        """Garments of each sort in a site's stock, so that about ten people share each one where all are shared."""
        return max(self.outfits, round((self.people + self.outfits) / 10) + 2)

    def to_json(self) -> dict[str, Any]:
        """Plain values that say the same."""
        values = {**asdict(self), "layouts": list(self.layouts)}
        return {name: value for name, value in values.items() if name not in _LATER or value != _LATER[name]}


def with_defaults(values: dict[str, Any]) -> dict[str, Any]:
    """Parameters as `to_json` gave them, in this or an earlier version, with every one of them spelled out."""
    values = {**_LATER, **values}
    layouts = values.get("layouts")
    return {**values, "layouts": sorted(map(str, layouts))} if isinstance(layouts, list) else values


def _whole_number(name: str, value: Any) -> int:
    try:
        return operator.index(value)
    except TypeError:
        raise RenderingError(f"{name} is {value!r}; it must be a whole number") from None


def _number(name: str, value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        raise RenderingError(f"{name} is {value!r}; it must be a number") from None


def _known_layouts(layouts: Any) -> tuple[str, ...]:
    """The layouts in their own order, each once."""
    named = (layouts,) if isinstance(layouts, str) else tuple(layouts)
    _require(bool(named) and set(named) <= set(LAYOUTS), "layouts", named, f"one or more of {', '.join(LAYOUTS)}")
    return tuple(layout for layout in LAYOUTS if layout in named)


def _require(holds: bool, name: str, found: object, expected: str) -> None:
    if not holds:
        raise RenderingError(f"{name} is {found}; it must be {expected}")
