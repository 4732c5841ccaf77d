"""The float32 product that stands in for the exact distance of almost every gallery image, and how far it is trusted.

One matrix product gives, for each query, values in the order of the exact distances but for rounding:

    cosine     value = -cos(q, g)                    = distance - 1
    euclidean  value = s^2 |g|^2 - 2 s^2 <q, g>      = s^2 distance - s^2 |q|^2      (s = 1 / the largest norm)

Where a value comes closer to a match's than a tolerance, the exact distance decides; elsewhere the value does, and the
order is that of the exact distances whatever the order of summation, and so whatever the blocks, threads or device.

Tolerance: with u = 2^-24, each of D additions rounds by at most u times the partial sum. Rounding errors that are
independent add up, in the worst case of terms of one sign, to a standard deviation of u sqrt(D) / 3: the usual
tolerance is six of those, 2 u sqrt(D). Errors that all point one way (equal terms can do that) add up to D u: the
worst-case tolerance. Both get 4 u for the rounding of factors, terms and thresholds. The usual one is checked as it is
used: all same-person images must lie within it, and the errors seen where exact distances were needed within half of
it. Where that fails, the worst case takes its place.
"""

from dataclasses import dataclass

import numpy as np

FLOAT32_ROUNDOFF = 2.0**-24
TF32_ROUNDOFF = 2.0**-11
# Keeps a tolerance above what float32 loses by underflow.
SMALLEST = 1e-36


@dataclass(frozen=True)
class Screen:
    """How features become factors of the product, and distances values of it.

    Attributes:
        query_scales, gallery_scales: (Q,), (G,) float64, factors of the feature rows.
        gallery_column: (G,) float64 or None, a further dimension of the gallery's factors, whose counterpart is 1.
        distance_scale, query_shift: float and (Q,) float64, so that value = distance_scale * distance - query_shift.
        term_sums: (Q,) float64, bound of the sum of the magnitudes of a value's terms.
        num_terms: their number.
        factor_roundoff: relative rounding of a factor; larger than float32's where the device multiplies in TF32.
    """

    query_scales: np.ndarray
    gallery_scales: np.ndarray
    gallery_column: np.ndarray | None
    distance_scale: float
    query_shift: np.ndarray
    term_sums: np.ndarray
    num_terms: int
    factor_roundoff: float

    @classmethod
    def of(
        cls,
        metric: str,
        dim: int,
        query_norms: np.ndarray,
        gallery_norms: np.ndarray,
        *,
        factor_roundoff: float = FLOAT32_ROUNDOFF,
    ) -> "Screen":
        """The screen for features of `dim` dimensions with these norms, (Q,) and (G,) float64."""
        if metric == "cosine":
            return cls(
                query_scales=-1.0 / query_norms,
                gallery_scales=1.0 / gallery_norms,
                gallery_column=None,
                distance_scale=1.0,
                query_shift=np.ones(len(query_norms)),
                term_sums=np.ones(len(query_norms)),
                num_terms=dim,
                factor_roundoff=factor_roundoff,
            )
        scale = 1.0 / (max(query_norms.max(), gallery_norms.max()) or 1.0)
        query_lengths, gallery_length = scale * query_norms, scale * gallery_norms.max()
        return cls(
            query_scales=np.full(len(query_norms), -2.0 * scale),
            gallery_scales=np.full(len(gallery_norms), scale),
            gallery_column=(scale * gallery_norms) ** 2,
            distance_scale=scale * scale,
            query_shift=query_lengths**2,
            term_sums=2.0 * query_lengths * gallery_length + gallery_length**2,
            num_terms=dim + 1,
            factor_roundoff=factor_roundoff,
        )

    def tolerance(self, queries: slice, *, worst_case: bool) -> np.ndarray:
        """Largest difference of a value from its exact counterpart that is allowed for, (n,) float64."""
        additions = self.num_terms if worst_case else min(self.num_terms, 2.0 * np.sqrt(self.num_terms))
        relative = (additions + 2.0) * FLOAT32_ROUNDOFF + 2.0 * self.factor_roundoff
        # The second term covers the float64 rounding of shifted distances, which grows with the shift.
        return relative * self.term_sums[queries] + 2.0**-40 * self.query_shift[queries] + SMALLEST

    def bounds(
        self, queries: slice, offsets: np.ndarray, distances: np.ndarray, *, worst_case: bool
    ) -> tuple[np.ndarray, np.ndarray]:
        """Lowest and highest value, both (P,) float32, that an image as far as a pair's distance (P,) may have."""
        sizes = np.diff(offsets)
        values = self.distance_scale * distances - np.repeat(self.query_shift[queries], sizes)
        tolerance = np.repeat(self.tolerance(queries, worst_case=worst_case), sizes)
        return (values - tolerance).astype(np.float32), (values + tolerance).astype(np.float32)
