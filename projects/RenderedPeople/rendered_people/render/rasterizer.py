"""Z-buffer rasteriser: which triangle each sample of a view sees, and where in it.

Shapes: V vertices, F triangles, (H, W) samples. Float64 without fast-math, so that every machine gets the same hits.
"""

import numba
import numpy as np


@numba.njit(cache=True, nogil=True)
def rasterize(
    screen: np.ndarray, inverse_depth: np.ndarray, keep: np.ndarray, faces: np.ndarray, height: int, width: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Finds the nearest triangle behind each sample.

    Args:
        screen: (V, 2) float64, sample coordinates (x right, y down; sample centres lie at .5).
        inverse_depth: (V,) float64, 1 / distance along the view axis; a triangle with a value <= 0 is left out.
        keep: (V,) float64, cut field; a hit counts only where its interpolated value is >= 0.
        faces: (F, 3) int32 vertex indices.
        height: Rows of samples.
        width: Columns of samples.

    Returns:
        hits: (H, W) int32, triangle index or -1.
        barycentric: (H, W, 3) float64, perspective-correct; undefined where nothing was hit.
        nearest: (H, W) float64, inverse depth of the hit, 0 where nothing was hit.
    """
    hits = np.full((height, width), -1, dtype=np.int32)
    nearest = np.zeros((height, width))
    barycentric = np.zeros((height, width, 3))
    for f in range(faces.shape[0]):
        a, b, c = faces[f, 0], faces[f, 1], faces[f, 2]
        wa, wb, wc = inverse_depth[a], inverse_depth[b], inverse_depth[c]
        ka, kb, kc = keep[a], keep[b], keep[c]
        if (ka < 0 and kb < 0 and kc < 0) or wa <= 0 or wb <= 0 or wc <= 0:
            continue
        ax, ay = screen[a, 0], screen[a, 1]
        bx, by = screen[b, 0], screen[b, 1]
        cx, cy = screen[c, 0], screen[c, 1]
        area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
        if area == 0:
            continue
        left = max(0, int(np.ceil(min(ax, bx, cx) - 0.5)))
        right = min(width - 1, int(np.floor(max(ax, bx, cx) - 0.5)))
        top = max(0, int(np.ceil(min(ay, by, cy) - 0.5)))
        bottom = min(height - 1, int(np.floor(max(ay, by, cy) - 0.5)))
        for row in range(top, bottom + 1):
            y = row + 0.5
            for column in range(left, right + 1):
                x = column + 0.5
                u = ((bx - x) * (cy - y) - (by - y) * (cx - x)) / area
                if u < 0:
                    continue
                v = ((cx - x) * (ay - y) - (cy - y) * (ax - x)) / area
                if v < 0:
                    continue
                w = 1.0 - u - v
                if w < 0:
                    continue
                depth = u * wa + v * wb + w * wc
                if depth <= nearest[row, column]:
                    continue
                # Screen space is not linear in the triangle's plane: weights are corrected by depth.
                u, v, w = u * wa / depth, v * wb / depth, w * wc / depth
                if u * ka + v * kb + w * kc < 0:
                    continue
                nearest[row, column] = depth
                hits[row, column] = f
                barycentric[row, column, 0] = u
                barycentric[row, column, 1] = v
                barycentric[row, column, 2] = w
    return hits, barycentric, nearest
