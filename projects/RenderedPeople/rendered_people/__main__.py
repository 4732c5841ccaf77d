"""python -m rendered_people --output DIR: renders the benchmark."""

import argparse
import sys

from rendered_people.folder.benchmark import render_benchmark
from rendered_people.folder.parameters import LAYOUTS, SPLITS, BenchmarkParameters


def main(arguments=None):
    """Command line of the renderer; returns the exit status."""
    options = vars(_parser().parse_args(arguments))
    output = options.pop("output")
    try:
        manifest = render_benchmark(output, **options)
    except (ValueError, ImportError) as error:
        print(f"rendered_people: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("rendered_people: interrupted; the same command goes on where it stopped", file=sys.stderr)
        return 130
    print(f"{manifest['benchmark']}: {manifest['images']} images in {output}, digest {manifest['digest'][:16]}")
    return 0


def _parser():
    default = BenchmarkParameters()
    parser = argparse.ArgumentParser(prog="python -m rendered_people", description=__doc__.split(":", 1)[1].strip())
    add = parser.add_argument
    add("--output", required=True, help="folder to write; an interrupted run in it goes on")
    add("--people", type=int, default=default.people, help="training and evaluated people together (%(default)s)")
    add("--outfits", type=int, default=default.outfits, help="outfits a person (%(default)s)")
    add("--cameras", type=int, default=default.cameras, help="cameras (%(default)s); PRCC's layout has 3")
    add(
        "--images-per-view",
        type=int,
        default=default.images_per_view,
        help="images a person, outfit and camera (%(default)s)",
    )
    add("--height", type=int, default=default.height, help="pixels (%(default)s)")
    add("--width", type=int, default=default.width, help="pixels (%(default)s)")
    add("--seed", type=int, default=default.seed, help="everything follows from it (%(default)s)")
    add("--train-share", type=float, default=default.train_share, help="share of the people to train on (%(default)s)")
    add(
        "--split",
        choices=SPLITS,
        default=default.split,
        help="people to evaluate on (%(default)s); 'validation': in neither train nor test, for hyperparameters",
    )
    add(
        "--shared-outfits",
        type=float,
        default=default.shared_outfits,
        help="share of the garments that several people own, 0 to 1 (%(default)s)",
    )
    add("--layouts", nargs="+", choices=LAYOUTS, default=default.layouts, help="folder layouts to write (both)")
    add("--workers", type=int, default=None, help="processes (all cores)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
