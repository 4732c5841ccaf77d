"""A rendered picture with its map beside the bare rasterisation of the same triangles."""

from collections.abc import Callable
from typing import Any
from unittest import mock

from .rows import MissingError, Row, compared

TURNS = 9


def _rasterizations(studio: Any, height: int, width: int) -> Callable[[], Any]:
    """The calls of the rasteriser from the picture that :func:`measure` takes: the camera's, not the sun's."""
    from rendered_people.render import renderer

    calls: list[tuple] = []
    bare = renderer.rasterize

    def kept(*arguments: Any) -> Any:
        calls.append(arguments)
        return bare(*arguments)

    with mock.patch.object(renderer, "rasterize", kept):
        studio.photograph(0, 0, 0, 0, height, width)
    return lambda: [bare(*arguments) for arguments in calls]


def measure(quick: bool) -> list[Row]:
    """See :mod:`benchmarks`.

    Raises:
        MissingError: the body model is not installed.
    """
    try:
        from rendered_people.clothes.wardrobe import Wardrobe
        from rendered_people.studio import Studio

        studio = Studio(3, Wardrobe(3, 0.5, 5))
    except ImportError as error:
        raise MissingError(str(error)) from error
    height, width = (64, 32) if quick else (256, 128)
    return [
        compared(
            f"{height}x{width}, one outfit",
            "picture and map / its triangles rasterised",
            lambda: studio.photograph(0, 0, 0, 0, height, width),
            _rasterizations(studio, height, width),
            turns=TURNS,
        )
    ]
