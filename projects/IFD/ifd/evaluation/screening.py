"""The float32 product that stands in for the exact distance of almost every gallery image, and how far to trust it.

One matrix product gives, for each query, values in the order of the exact distances but for rounding:

    cosine     value = -cos(q, g)                    = distance - 1
    euclidean  value = s^2 |g|^2 - 2 s^2 <q, g>      = s^2 distance - s^2 |q|^2      (s = 1 / the largest norm)

Where a value comes closer to a match's than `tolerance`, the exact distance decides; elsewhere the value does, and the
order is that of the exact distances. Rounding: each of the D additions of a product adds an error of at most u = 2^-24
relative to the partial sum. In the worst case, where the terms share a sign, independent roundings give a standard
deviation of u sqrt(D) / 3; the tolerance is 3 u sqrt(D), nine of those (never more than the bound of the worst
possible roundings, D u), plus 8 u for the rounding of the factors and of the thresholds. Any order of summation is
covered, so block sizes, threads and devices do not change a result. Every query's same-person images are checked to
lie within the tolerance as they pass.
"""

from dataclasses import dataclass

import numpy as np

FLOAT32_ROUNDOFF = 2.0**-24
TF32_ROUNDOFF = 2.0**-11
BFLOAT16_ROUNDOFF = 2.0**-8
# Keeps the tolerance above what float32 loses by underflow.
SMALLEST = 1e-36


@dataclass(frozen=True)
class Screen:
    """How features become factors of the product, and distances values of it.

    query_scales (Q,), gallery_scales (G,) float64: factors of the feature rows.   gallery_column: (G,) float64 or None, a
    further dimension of the gallery factors, whose counterpart in every query factor is 1.   distance_scale: float.
    query_shift, tolerance: (Q,) float64, so that value = distance_scale * distance - query_shift within the tolerance.
    """

    query_scales: np.ndarray
    gallery_scales: np.ndarray
    gallery_column: np.ndarray | None
    distance_scale: float
    query_shift: np.ndarray
    tolerance: np.ndarray

    @classmethod
    def of(
        cls, metric: str, dim: int, query_norms: np.ndarray, gallery_norms: np.ndarray, factor_roundoff=FLOAT32_ROUNDOFF
    ) -> "Screen":
        """The screen for features of given norms.

        Args:
            factor_roundoff: relative rounding of a factor; larger than float32's where the device multiplies in TF32.
        """
        if metric == "cosine":
            return cls(
                query_scales=-1.0 / query_norms,
                gallery_scales=1.0 / gallery_norms,
                gallery_column=None,
                distance_scale=1.0,
                query_shift=np.ones(len(query_norms)),
                tolerance=np.full(len(query_norms), _relative_tolerance(dim, factor_roundoff)),
            )
        scale = 1.0 / (max(query_norms.max(), gallery_norms.max()) or 1.0)
        query_lengths = scale * query_norms
        gallery_length = scale * gallery_norms.max()
        return cls(
            query_scales=np.full(len(query_norms), -2.0 * scale),
            gallery_scales=np.full(len(gallery_norms), scale),
            gallery_column=(scale * gallery_norms) ** 2,
            distance_scale=scale * scale,
            query_shift=query_lengths**2,
            tolerance=_relative_tolerance(dim + 1, factor_roundoff)
            * (2.0 * query_lengths * gallery_length + gallery_length**2)
            + 2.0**-40 * (query_lengths + gallery_length) ** 2
            + SMALLEST,
        )

    def bounds(self, chunk: slice, offsets: np.ndarray, distances: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Lowest and highest value, both (P,) float32, that an image as far as a pair's distance (P,) may have."""
        sizes = np.diff(offsets)
        values = self.distance_scale * distances - np.repeat(self.query_shift[chunk], sizes)
        tolerance = np.repeat(self.tolerance[chunk], sizes)
        return (values - tolerance).astype(np.float32), (values + tolerance).astype(np.float32)


def _relative_tolerance(dim: int, factor_roundoff: float) -> float:
    summation = min(dim, 3.0 * np.sqrt(dim)) * FLOAT32_ROUNDOFF
    return summation + 4.0 * factor_roundoff + 4.0 * FLOAT32_ROUNDOFF + SMALLEST
