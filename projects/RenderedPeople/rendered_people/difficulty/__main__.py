"""python -m rendered_people.difficulty DIR: how far colours alone get, with and without a change of clothes."""

import argparse
import sys
from collections.abc import Sequence

from rendered_people.difficulty.measure import MODES, Result, measure_difficulty
from rendered_people.errors import RenderingError

_EXPLANATION = """\
Rank-1 in per cent of the colours of a region, over the queries that have a match. Histogram: 6 stripes, 3 channels, 8
bins. Stripe means: mean colours of 8 stripes, standardised among the images of each camera; their row for the clothes
is the bar in same-clothing mode. Rim: pixels just outside the clothes, over which blur and compression carry colours of
theirs; what is above chance in same-clothing mode leaks past a mask that ends before them."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line.

    Args:
        arguments: Those of the process when None.

    Returns:
        The exit status: 2 for what the user can set right, which one sentence on stderr names.
    """
    parser = argparse.ArgumentParser(
        prog="python -m rendered_people.difficulty",
        description=_EXPLANATION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("directory", help="folder of a benchmark")
    directory = parser.parse_args(arguments).directory
    try:
        results = measure_difficulty(directory)
    except (RenderingError, OSError) as error:
        print(f"rendered_people.difficulty: {error}", file=sys.stderr)
        return 2
    print(_table(results))
    print()
    print(_EXPLANATION)
    return 0


def _table(results: list[Result]) -> str:
    rows: dict[tuple[str, str, str], dict[str, Result]] = {}
    for result in results:
        rows.setdefault((result.layout, result.region, result.descriptor), {})[result.mode] = result
    lines: list[str] = []
    shown = None
    for (layout, region, descriptor), modes in rows.items():
        if layout != shown:
            known = ", ".join(
                f"{mode.replace('_', '-')} {modes[mode].queries} queries, chance {100 * modes[mode].chance:.1f}"
                for mode in MODES
            )
            lines += [""] * bool(lines) + [f"{layout}: {known}"]
            lines.append(f"  {'colours of':24} {'described by':14} {'same-clothing':>13} {'clothing-change':>15}")
            shown = layout
        figures = [100 * modes[mode].rank1 for mode in MODES]
        lines.append(f"  {region:24} {descriptor:14} {figures[0]:13.1f} {figures[1]:15.1f}")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
