"""python -m rendered_people.disturb DIR --output DIR2 --kind blur --strength 2: evaluation images made harder."""

import argparse
import sys
from collections.abc import Sequence

from rendered_people.disturb.folder import disturb
from rendered_people.disturb.kinds import KINDS, STRENGTHS
from rendered_people.disturb.parts import SITES
from rendered_people.errors import RenderingError
from rendered_people.folder.parameters import LAYOUTS


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line.

    Args:
        arguments: Those of the process when None.

    Returns:
        The exit status: 2 for what the user can set right, which one sentence on stderr names.
    """
    parser = argparse.ArgumentParser(
        prog="python -m rendered_people.disturb",
        description="Writes a benchmark's folder once more, with its evaluation images (queries and gallery) made "
        "harder and all else linked. FASTREID_DATASETS names the folder above DIR2, which must be called as DIR is.",
    )
    parser.add_argument("directory", metavar="DIR", help="folder of a finished benchmark")
    parser.add_argument("--output", required=True, metavar="DIR2", help="folder to write; an interrupted run goes on")
    parser.add_argument("--kind", required=True, choices=KINDS, help="what is made harder")
    parser.add_argument("--strength", required=True, type=int, choices=STRENGTHS, help="how much")
    parser.add_argument("--seed", type=int, default=0, help="what is drawn follows from it (%(default)s)")
    parser.add_argument("--layouts", nargs="+", choices=LAYOUTS, help="those of DIR to write (all)")
    parser.add_argument(
        "--sites", choices=SITES, default="all", help="whose evaluation images; others are left out (%(default)s)"
    )
    parser.add_argument("--workers", type=int, help="processes that render hair and hats (all cores)")
    options = vars(parser.parse_args(arguments))
    directory, output = options.pop("directory"), options.pop("output")
    try:
        manifest = disturb(directory, output, **options)
    except (RenderingError, ImportError, OSError) as error:
        print(f"rendered_people.disturb: {error}", file=sys.stderr)
        return 2
    print(f"{options['kind']} {options['strength']}: {manifest['images']} images made harder in {output}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
