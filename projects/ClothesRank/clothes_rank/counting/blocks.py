"""How the query-by-gallery plane is cut, so that memory stays bounded whatever its size."""

from collections.abc import Iterator
from typing import NamedTuple

# Three kinds of large arrays exist at a time: the products of all workers together, the scaled block of the gallery
# (twice where it is stored in half precision), and the scaled queries of a pass. Each takes at most this.
SCRATCH_BYTES = 128 * 2**20
CUDA_SCRATCH_BYTES = 512 * 2**20
MAX_GALLERY_ROWS = 16384


class BlockPlan(NamedTuple):
    """Sides of a block of products, and the queries of one pass over the gallery."""

    query_rows: int
    gallery_rows: int
    queries_per_pass: int


def plan_blocks(dim: int, scratch_bytes: int, *, workers: int = 1) -> BlockPlan:
    """Blocks for float32 features of `dim` dimensions, each kind of array taking about scratch_bytes.

    Args:
        workers: how many blocks of products there are at a time.
    """
    factor_rows = max(1, scratch_bytes // (4 * (dim + 1)))
    gallery_rows = min(MAX_GALLERY_ROWS, factor_rows)
    query_rows = max(1, scratch_bytes // (4 * gallery_rows * workers))
    return BlockPlan(query_rows, gallery_rows, factor_rows)


def spans(length: int, size: int) -> Iterator[tuple[int, int]]:
    """Cuts range(length) into consecutive (start, stop) of at most `size`."""
    for start in range(0, length, size):
        yield start, min(start + size, length)
