"""Proves a data set and its parsing maps sound: exit code 0; or names what is wrong: exit code 1."""

import argparse
import json
import os
import sys
from collections.abc import Sequence

from datasets_ext import (
    LABEL_SYSTEMS,
    ClothesImageDataset,
    UserError,
    clothing_ids,
    dataset_class,
    register_csv,
    tree_label_system,
)
from datasets_ext.command import run
from datasets_ext.files import shown, write_whole
from datasets_ext.options import whole_number
from datasets_ext.tree_record import AUTO

from .page import write_page
from .problems import KINDS
from .report import check_dataset
from .summary import as_json, as_text


def check(args: argparse.Namespace) -> int:
    """Checks what the arguments name, writes and prints the report.

    Returns:
        the exit code, 1 where something is wrong that is not accepted.
    """
    dataset = _class(args)(root=args.root, verbose=False)
    system, _ = tree_label_system(dataset.parsing_tree(args.parsing).parsing_root, args.system, otherwise="lip")
    try:
        clothing_ids(system, args.clothing)
    except ValueError as error:
        raise UserError(f"--clothing: {error}") from error
    output = args.output or os.path.join("logs", "check", type(dataset).__name__)
    os.makedirs(output, exist_ok=True)
    if not os.access(output, os.W_OK):
        raise UserError(f"--output: {shown(output)} cannot be written to")
    found = check_dataset(
        dataset, system=system, parsing_root=args.parsing, clothing=args.clothing, workers=args.workers
    )
    data, page = os.path.join(output, "report.json"), os.path.join(output, "report.html")
    write_whole(data, json.dumps(as_json(found, args.accept), indent=1).encode())
    write_page(found, page, accepted=args.accept, sample=args.sample, most=args.most)
    print(as_text(found, args.accept))
    print(f"All of it: {shown(data)}. With pictures: {shown(page)}")
    return 0 if all(problem.kind in args.accept for problem in found.problems) else 1


def _class(args: argparse.Namespace) -> type[ClothesImageDataset]:
    return register_csv(args.csv) if args.csv else dataset_class(args.dataset)


def arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line, ``sys.argv`` where none is given."""
    parser = argparse.ArgumentParser(prog="python -m datasets_ext.check", description=__doc__)
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--dataset", metavar="NAME", help="PRCC, LTCC, VCClothes or another that is registered")
    which.add_argument("--csv", metavar="NAME=FILE", help="a data set by its list, as in IFD.CSV_DATASETS")
    parser.add_argument("--root", metavar="DIR", help="folder of data sets (default: FASTREID_DATASETS, else datasets)")
    parser.add_argument("--parsing", metavar="DIR", help="folder of the maps (default: the data set's own)")
    parser.add_argument("--system", default=AUTO, choices=(*LABEL_SYSTEMS, AUTO),
                        help="label system of the maps (default: what they say, lip if nothing)")  # fmt: skip
    parser.add_argument("--clothing", nargs="+", metavar="LABEL", help="clothing set (default: all below the neck)")
    parser.add_argument("--output", metavar="DIR", help="for report.json and report.html (default: logs/check/NAME)")
    parser.add_argument("--accept", nargs="+", default=[], choices=tuple(KINDS), metavar="KIND",
                        help=f"kinds of problems that leave the exit code 0: {', '.join(KINDS)}")  # fmt: skip
    parser.add_argument("--sample", type=whole_number(0), default=24, metavar="N", help="sound images on the page")
    parser.add_argument(
        "--most", type=whole_number(0), default=50, metavar="N", help="problems of each kind on the page"
    )
    parser.add_argument(
        "--workers", type=whole_number(1, 256), metavar="N", help="processes (default: one for each core)"
    )
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """The command; returns its exit code."""
    return run(check, arguments(argv))


if __name__ == "__main__":
    sys.exit(main())
