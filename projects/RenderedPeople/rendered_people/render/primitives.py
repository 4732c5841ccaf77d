"""Small surfaces made from nothing: grids and ellipsoids."""

import numpy as np
import numpy.typing as npt


def grid_faces(rows: int, columns: int) -> np.ndarray:
    """(2 * (rows - 1) * (columns - 1), 3) int32 triangles of a grid of vertices numbered row by row."""
    corner = (np.arange(rows - 1)[:, None] * columns + np.arange(columns - 1)).ravel()
    upper = np.stack([corner, corner + 1, corner + columns], axis=1)
    lower = np.stack([corner + 1, corner + columns + 1, corner + columns], axis=1)
    return np.concatenate([upper, lower]).astype(np.int32)


def ellipsoid(
    centre: npt.ArrayLike, radii: npt.ArrayLike, rows: int = 9, columns: int = 14
) -> tuple[np.ndarray, np.ndarray]:
    """Vertices (rows * columns, 3) float64 and triangles (F, 3) int32 of an ellipsoid with poles up and down."""
    polar = np.linspace(0, np.pi, rows)[:, None]
    around = np.linspace(0, 2 * np.pi, columns)[None]
    unit = np.stack(
        [np.sin(polar) * np.cos(around), np.sin(polar) * np.sin(around), np.cos(polar) + 0 * around], axis=-1
    )
    return unit.reshape(-1, 3) * np.asarray(radii) + np.asarray(centre), grid_faces(rows, columns)
