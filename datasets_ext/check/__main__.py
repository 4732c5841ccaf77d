"""Proves a data set and its parsing maps sound: exit code 0; or names what is wrong: exit code 1."""

import argparse
import json
import os
import sys
from collections.abc import Sequence

from datasets_ext import LABEL_SYSTEMS, UserError, clothing_ids, dataset_class
from datasets_ext.command import run
from datasets_ext.options import count, positive

from .page import write_page
from .problems import KINDS
from .report import check_dataset
from .summary import as_json, as_text


def check(args: argparse.Namespace) -> int:
    """Checks what the arguments name, writes and prints the report.

    Returns:
        the exit code, 1 where something is wrong that is not accepted.
    """
    try:
        clothing_ids(args.system, args.clothing)
    except ValueError as error:
        raise UserError(f"--clothing: {error}") from error
    dataset = dataset_class(args.dataset)(root=args.root, verbose=False)
    found = check_dataset(
        dataset, system=args.system, parsing_root=args.parsing, clothing=args.clothing, workers=args.workers
    )
    output = args.output or os.path.join("logs", "check", args.dataset)
    os.makedirs(output, exist_ok=True)
    data, page = os.path.join(output, "report.json"), os.path.join(output, "report.html")
    with open(data, "w", encoding="utf-8") as file:
        json.dump(as_json(found, args.accept), file, indent=1)
    write_page(found, page, accepted=args.accept, sample=args.sample, most=args.most)
    print(as_text(found, args.accept))
    print(f"All of it: {data}. With pictures: {page}")
    return 0 if all(problem.kind in args.accept for problem in found.problems) else 1


def arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line, ``sys.argv`` where none is given."""
    parser = argparse.ArgumentParser(prog="python -m datasets_ext.check", description=__doc__)
    parser.add_argument("--dataset", required=True, metavar="NAME", help="PRCC, LTCC or another")
    parser.add_argument("--root", metavar="DIR", help="folder of data sets (default: FASTREID_DATASETS, else datasets)")
    parser.add_argument("--parsing", metavar="DIR", help="folder of the maps (default: the data set's own)")
    parser.add_argument("--system", default="lip", choices=tuple(LABEL_SYSTEMS), help="label system of the maps")
    parser.add_argument("--clothing", nargs="+", metavar="LABEL", help="clothing set (default: all below the neck)")
    parser.add_argument("--output", metavar="DIR", help="for report.json and report.html (default: logs/check/NAME)")
    parser.add_argument("--accept", nargs="+", default=[], choices=tuple(KINDS), metavar="KIND",
                        help=f"kinds of problems that leave the exit code 0: {', '.join(KINDS)}")  # fmt: skip
    parser.add_argument("--sample", type=count, default=24, metavar="N", help="sound images on the page")
    parser.add_argument("--most", type=count, default=50, metavar="N", help="problems of each kind on the page")
    parser.add_argument("--workers", type=positive, metavar="N", help="processes (default: one for each core)")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """The command; returns its exit code."""
    return run(check, arguments(argv))


if __name__ == "__main__":
    sys.exit(main())
