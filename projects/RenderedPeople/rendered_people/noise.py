"""Smooth noise that is a pure function of place and seed."""

import numba
import numpy as np


@numba.njit(cache=True, inline="always")
def _mix(mixed: np.uint64, cell: float, prime: int) -> np.uint64:
    mixed = (mixed ^ (np.uint64(cell) * np.uint64(prime))) & np.uint64(0xFFFFFFFF)
    mixed = ((mixed ^ (mixed >> np.uint64(15))) * np.uint64(0x2C1B3C6D)) & np.uint64(0xFFFFFFFF)
    return ((mixed ^ (mixed >> np.uint64(12))) * np.uint64(0x297A2D39)) & np.uint64(0xFFFFFFFF)


@numba.njit(cache=True, inline="always")
def _uniform(x: float, y: float, z: float, seed: int) -> np.float64:
    """Uniform value in [0, 1) of an integer lattice point."""
    mixed = _mix(_mix(_mix(np.uint64(seed), x, 0x9E3779B1), y, 0x85EBCA77), z, 0xC2B2AE3D)
    return np.float64(mixed ^ (mixed >> np.uint64(15))) / 4294967296.0


@numba.njit(cache=True, nogil=True)
def _lattice_noise(cells: np.ndarray, seed: int) -> np.ndarray:
    result = np.empty(cells.shape[0])
    for i in range(cells.shape[0]):
        result[i] = _uniform(cells[i, 0], cells[i, 1], cells[i, 2], seed)
    return result


@numba.njit(cache=True, nogil=True)
def _value_noise(points: np.ndarray, seed: int) -> np.ndarray:
    result = np.empty(points.shape[0])
    for i in range(points.shape[0]):
        x, y, z = np.floor(points[i, 0]), np.floor(points[i, 1]), np.floor(points[i, 2])
        u, v, w = points[i, 0] - x, points[i, 1] - y, points[i, 2] - z
        u, v, w = u * u * (3 - 2 * u), v * v * (3 - 2 * v), w * w * (3 - 2 * w)
        a, b, c = np.int64(x), np.int64(y), np.int64(z)
        total = 0.0
        for corner in range(8):
            p, q, r = corner & 1, (corner >> 1) & 1, corner >> 2
            weight = (u if p else 1 - u) * (v if q else 1 - v) * (w if r else 1 - w)
            if weight > 0:
                total += weight * _uniform(a + p, b + q, c + r, seed)
        result[i] = total
    return result


def lattice_noise(cells: np.ndarray, seed: int) -> np.ndarray:
    """Uniform values in [0, 1) of integer lattice points.

    Args:
        cells: (m, d) integers, d of 1 to 3.
        seed: 0 or more.

    Returns:
        (m,) float64.
    """
    return _lattice_noise(_in_space(np.asarray(cells, dtype=np.int64)), seed)


def value_noise(points: np.ndarray, seed: int) -> np.ndarray:
    """Noise of unit cell size, interpolated between lattice points.

    Args:
        points: (m, d) float64, d of 1 to 3.
        seed: 0 or more.

    Returns:
        (m,) float64 in [0, 1).
    """
    return _value_noise(_in_space(np.asarray(points, dtype=np.float64)), seed)


def _in_space(places: np.ndarray) -> np.ndarray:
    """Places (m, d) with zeros for the axes that they lack, (m, 3)."""
    in_space = np.zeros((len(places), 3), dtype=places.dtype)
    in_space[:, : places.shape[1]] = places
    return in_space
