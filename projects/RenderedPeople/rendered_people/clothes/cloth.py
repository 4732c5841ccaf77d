"""Cloth: what a garment is made of, as a function of the place on it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from rendered_people.colours import hex_colour
from rendered_people.noise import lattice_noise, value_noise

# Clothes as people buy them: mostly dark, white, grey and blue, some loud.
_COLOURS = {
    "#15161a": 5,
    "#2b2d33": 3,
    "#55585f": 2,
    "#8f9297": 2,
    "#c9cbce": 2,
    "#f1f0ec": 4,
    "#1b2a49": 4,
    "#2f4f86": 3,
    "#5b86b8": 2,
    "#a9c4de": 1.5,
    "#7a1f28": 1.5,
    "#c02a32": 2,
    "#e2704a": 1,
    "#e0b63c": 1,
    "#f2e08a": 0.7,
    "#2e5b3a": 1.5,
    "#5f7a45": 1.2,
    "#8fbf9a": 0.7,
    "#1f7a7a": 1,
    "#5a3a78": 1,
    "#a67bb8": 0.7,
    "#e39ab2": 1,
    "#6b4a32": 1.5,
    "#b5936b": 1.5,
    "#d9c7a3": 1.5,
}
_SOBER_COLOURS = {
    "#15161a": 6,
    "#2b2d33": 4,
    "#55585f": 2,
    "#8f9297": 1.5,
    "#efede8": 2,
    "#1b2a49": 4,
    "#31486e": 4,
    "#5d7ca6": 2,
    "#8fa6c0": 1,
    "#4a3627": 2,
    "#7a5a3c": 1.5,
    "#b5936b": 2,
    "#d0bf9c": 1.5,
    "#4b5238": 1.5,
    "#5e2028": 1,
}
PATTERNS = ("plain", "stripes", "pinstripes", "checks", "tartan", "dots", "camouflage", "print", "block")
_PATTERN_SHARES = (0.42, 0.13, 0.05, 0.07, 0.07, 0.05, 0.05, 0.1, 0.06)


@dataclass(frozen=True)
class Cloth:
    """A material for garments.

    Attributes:
        pattern: One of PATTERNS.
        colours: (3, 3) linear RGB, ground first.
        period: Metres of a repeat.
        seed: Seed of its noise.
        gloss: How much it shines, in [0, 1].
        folds: How strongly it creases, in [0, 1].
        seam: Whether a zip or row of buttons runs down the front.
        sole: Height below which a shoe has the third colour.
    """

    pattern: str
    colours: np.ndarray
    period: float
    seed: int
    gloss: float = 0.06
    folds: float = 0.55
    seam: bool = False
    sole: float = -np.inf

    def albedo(self, reference: np.ndarray, cloth: np.ndarray) -> np.ndarray:
        """Colours of places.

        Args:
            reference: (m, 3) float64 places on the reference body, metres.
            cloth: (m, 2) float64 places across and along the cloth, metres.

        Returns:
            (m, 3) float64, linear RGB.
        """
        ground, second, third = self.colours
        share = _PATTERN_FUNCTIONS[self.pattern](self, reference, cloth)
        result = ground + share[0][:, None] * (second - ground)
        result = result + share[1][:, None] * (third - result)
        if self.seam:
            front = (reference[:, 1] < 0) & (np.abs(reference[:, 0]) < 0.006)
            result = result + front[:, None] * 0.8 * (third - result)
        result = np.where(reference[:, 2:] < self.sole, third, result)
        weave = value_noise(cloth * 240, self.seed)
        wear = value_noise(reference * 9, self.seed + 1)
        return result * (0.82 + 0.2 * weave + 0.16 * wear)[:, None]


def draw_cloth(rng: np.random.Generator, patterns: Sequence[str] = PATTERNS, *, sober: bool = False) -> Cloth:
    """Cloth of a garment.

    Args:
        rng: Generator of the garment.
        patterns: Those allowed, of PATTERNS.
        sober: Whether to take only the colours of trousers and shoes.

    Returns:
        The cloth.
    """
    shares = np.array([_PATTERN_SHARES[PATTERNS.index(name)] for name in patterns])
    palette = _SOBER_COLOURS if sober else _COLOURS
    codes, weights = list(palette), np.array(list(palette.values()))
    chosen = rng.choice(len(codes), size=3, replace=False, p=weights / weights.sum())
    colours = np.stack([hex_colour(codes[i]) for i in chosen]) * np.exp(rng.normal(0, 0.12, (3, 1)))
    return Cloth(
        pattern=str(rng.choice(patterns, p=shares / shares.sum())),
        colours=np.clip(colours, 0.005, 0.95),
        period=rng.uniform(0.035, 0.11),
        seed=int(rng.integers(2**31)),
    )


def _band(coordinate: np.ndarray, period: float, width: float = 0.5) -> np.ndarray:
    """1 on bands of a share `width` of each period, 0 between."""
    return (np.mod(coordinate / period, 1.0) < width).astype(np.float64)


def _plain(cloth: Cloth, reference: np.ndarray, place: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return np.zeros(len(place)), np.zeros(len(place))


def _stripes(cloth: Cloth, reference: np.ndarray, place: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return _band(place[:, 1], cloth.period), np.zeros(len(place))


def _pinstripes(cloth: Cloth, reference: np.ndarray, place: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return _band(place[:, 0], cloth.period * 0.6, 0.22), np.zeros(len(place))


def _checks(cloth: Cloth, reference: np.ndarray, place: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    across, along = _band(place[:, 0], cloth.period), _band(place[:, 1], cloth.period)
    return 0.5 * (across + along), np.zeros(len(place))


def _tartan(cloth: Cloth, reference: np.ndarray, place: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    across, along = _band(place[:, 0], cloth.period * 1.4, 0.4), _band(place[:, 1], cloth.period * 1.4, 0.4)
    lines = np.maximum(_band(place[:, 0], cloth.period * 1.4, 0.1), _band(place[:, 1], cloth.period * 1.4, 0.1))
    return 0.5 * (across + along), 0.8 * lines


def _dots(cloth: Cloth, reference: np.ndarray, place: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    scaled = place / (cloth.period * 0.7)
    offset = np.stack([scaled[:, 0] + 0.5 * (np.floor(scaled[:, 1]) % 2), scaled[:, 1]], axis=1)
    return (np.hypot(*(np.mod(offset, 1.0) - 0.5).T) < 0.28).astype(np.float64), np.zeros(len(place))


def _camouflage(cloth: Cloth, reference: np.ndarray, place: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    first = value_noise(reference / (cloth.period * 0.9), cloth.seed + 2) > 0.56
    second = value_noise(reference / (cloth.period * 0.7), cloth.seed + 3) > 0.64
    return first.astype(np.float64), second.astype(np.float64)


def _print(cloth: Cloth, reference: np.ndarray, place: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    x, z = place[:, 0], place[:, 1]
    on_chest = (reference[:, 1] < 0) & (np.abs(x) < 0.1) & (z > 0.24) & (z < 0.44)
    cells = np.floor(np.stack([np.abs(x), z], axis=1) / 0.028).astype(np.int64)
    motif = lattice_noise(cells, cloth.seed)
    return on_chest * (motif > 0.45), on_chest * (motif > 0.8)


def _block(cloth: Cloth, reference: np.ndarray, place: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return (place[:, 1] > 0.36).astype(np.float64), np.zeros(len(place))


_PATTERN_FUNCTIONS: dict[str, Callable[[Cloth, np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]] = {
    "plain": _plain,
    "stripes": _stripes,
    "pinstripes": _pinstripes,
    "checks": _checks,
    "tartan": _tartan,
    "dots": _dots,
    "camouflage": _camouflage,
    "print": _print,
    "block": _block,
}
