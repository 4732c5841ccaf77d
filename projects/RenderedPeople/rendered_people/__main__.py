"""python -m rendered_people --output DIR: renders the benchmark."""

import argparse
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn

from rendered_people.errors import RenderingError
from rendered_people.folder.benchmark import render_benchmark
from rendered_people.folder.parameters import LAYOUTS, SPLITS, BenchmarkParameters

_NAME = "rendered_people"


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line of the renderer.

    Args:
        arguments: Those of the process when None.

    Returns:
        The exit status: 2 for what the user can set right, which one sentence on stderr names.
    """
    options = vars(_parser().parse_args(arguments))
    output = options.pop("output")
    try:
        with _warnings_in_a_line():
            manifest = render_benchmark(output, **options)
    except (RenderingError, ImportError) as error:
        return _refuse(str(error))
    except OSError as error:
        place = f": {error.filename}" if error.filename else ""
        return _refuse(f"{error.strerror or error}{place}; the same command goes on where it stopped")
    except MemoryError:
        return _refuse("out of memory; the same command goes on where it stopped: give fewer --workers")
    except KeyboardInterrupt:
        print(f"{_NAME}: interrupted; the same command goes on where it stopped", file=sys.stderr)
        return 130
    print(f"{manifest['benchmark']}: {manifest['images']} images in {output}, digest {manifest['digest'][:16]}")
    return 0


def _refuse(sentence: str) -> int:
    # Names of files may hold what a terminal would obey.
    print(f"{_NAME}: {''.join(c if c.isprintable() else ascii(c)[1:-1] for c in sentence)}", file=sys.stderr)
    return 2


@contextmanager
def _warnings_in_a_line() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("always", UserWarning)
        warnings.showwarning = lambda message, *_, **__: print(f"{_NAME}: {message}", file=sys.stderr)
        yield


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(_refuse(f"{message}; --help lists the options"))


def _parser() -> argparse.ArgumentParser:
    default = BenchmarkParameters()
    parser = _Parser(prog="python -m rendered_people", description="Renders the benchmark.")

    def add(name: str, *, help: str, **settings: Any) -> None:
        parser.add_argument(f"--{name}", help=help, **settings)

    def number(name: str, help: str) -> None:
        value = getattr(default, name.replace("-", "_"))
        add(name, type=type(value), default=value, help=f"{help} (%(default)s)")

    add("output", required=True, help="folder to write; an interrupted run in it goes on")
    number("people", "people of a site, training and evaluated ones together")
    number("outfits", "outfits a person")
    number("cameras", "cameras of a site; PRCC's layout has 3")
    number("images-per-view", "images a person, outfit and camera")
    number("height", "pixels")
    number("width", "pixels")
    number("seed", "everything follows from it")
    number("train-share", "share of the people to train on")
    add(
        "split",
        choices=SPLITS,
        default=default.split,
        help="whom to evaluate on (%(default)s); 'validation': people, and unseen sites, that are in neither train nor "
        "test, for hyperparameters",
    )
    number("shared-outfits", "share of the garments that several people own, 0 to 1")
    number("sites", "sites to train and to evaluate on, each with scenes, cameras and people of its own")
    number("unseen-sites", "further sites to evaluate on, which training never sees")
    add(
        "varied-sites",
        type=int,
        choices=(0, 1),
        default=0,
        help="1: sites differ in season, crowds, boxes and sizes of images, too (%(default)s)",
    )
    number("tracklet-frames", "frames of the walk of a person, outfit and camera, in the layouts of video")
    add(
        "layouts",
        nargs="+",
        choices=LAYOUTS,
        default=default.layouts,
        help=f"folder layouts to write ({' '.join(default.layouts)})",
    )
    add(
        "shards",
        type=int,
        default=0,
        metavar="N",
        help="tars of about N images each, with an index, in the place of a file an image; 2000 is a good number",
    )
    add("workers", type=int, default=None, help="processes (all cores)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
