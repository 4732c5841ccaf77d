"""Measures benchmarks, prints one table, and says what fell behind the committed results."""

import argparse
import importlib.util
import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

# One thread, set before any library counts the cores: ratios of the processor's time mean little with more.
for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")

import fastreid_compat  # noqa: E402, F401  # before any module of the host

from .report import COMMITTED, as_json, fallen_behind, read, table, write  # noqa: E402
from .rows import MissingError, Row  # noqa: E402

BENCHMARKS = (
    "evaluation",
    "training_step",
    "inference",
    "loader",
    "parsing_maps",
    "renderer",
    "gallery",
    "listing",
    "export",
)
MARGIN = 0.1


def main(arguments: Sequence[str] | None = None, package: str = "benchmarks") -> int:
    """The command.

    Args:
        arguments: of the command line; None: this process's.
        package: that the benchmarks are modules of.

    Returns:
        exit code: 0, also where something fell behind, since the next run may say otherwise; 1 where one failed to run.
    """
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHMARKS)} (default: all)")
    parser.add_argument("--quick", action="store_true", help="small sizes, for a look; not compared with full ones")
    parser.add_argument("--json", type=Path, help="file to write rows, machine and versions to")
    parser.add_argument("--save", action="store_true", help="put the rows in the place of the committed ones")
    parser.add_argument(
        "--margin", type=float, default=MARGIN, help="share by which a ratio may rise before it is told (default: 0.1)"
    )
    parser.add_argument("--committed", type=Path, default=COMMITTED, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    results: dict[str, Sequence[Row]] = {}
    failed = False
    for name in options.names or BENCHMARKS:
        if importlib.util.find_spec(f"{package}.{name}") is None:
            parser.error(f"there is no benchmark {name!r}; expected some of {', '.join(BENCHMARKS)}")
        print(f"{name} ...", file=sys.stderr, flush=True)
        try:
            # Rows of small sizes have names of their own, by their case.
            results[name] = list(importlib.import_module(f"{package}.{name}").measure(options.quick))
        except (MissingError, ModuleNotFoundError) as error:
            print(f"{name}: left out, {error}", file=sys.stderr)
        except Exception:  # of one, which must not take the others' figures along
            failed = True
            print(f"{name} failed:\n{traceback.format_exc()}", file=sys.stderr)
    print(table(results))
    committed = read(options.committed)
    behind = fallen_behind(results, committed, options.margin)
    if behind:
        print(f"\nfell behind the committed results by more than {100 * options.margin:.0f} %:")
        print("\n".join(f"  {line}" for line in behind))
    if options.json:
        write(options.json, as_json(results))
    if options.save:
        write(options.committed, as_json(results, committed))
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
