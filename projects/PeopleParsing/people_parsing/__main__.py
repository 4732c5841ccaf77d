"""Makes parsing maps for a data set or a folder of images, with a parsing model of transformers or in an ONNX file."""

import argparse
import os
import sys
from collections.abc import Sequence

from datasets_ext import LABEL_SYSTEMS, dataset_class, register_csv
from datasets_ext.command import printable, run
from datasets_ext.files import shown
from datasets_ext.options import whole_number

from .listing import dataset_images, tree_images
from .load import load_parser
from .onnx_file import OnnxInput
from .run import parse_images

DEFAULT_MODEL = "mattmdjaga/segformer_b2_clothes"


def parse_people(args: argparse.Namespace) -> int:
    """Makes the maps that the arguments ask for.

    Returns:
        the exit code, 1 where images cannot be read.
    """
    if args.dataset or args.csv:
        listed = register_csv(_entry(args.csv)) if args.csv else dataset_class(args.dataset)
        dataset = listed(root=args.root, verbose=False)
        images = dataset_images(dataset, args.output)
        root = dataset.parsing_tree(args.output).parsing_root
    else:
        images = tree_images(args.images, args.output)
        root = os.path.expanduser(args.output)
    defaults = OnnxInput()
    form = OnnxInput(
        size=args.onnx_size,
        bgr=args.onnx_channels == "bgr",
        mean=args.onnx_mean or defaults.mean,
        std=args.onnx_std or defaults.std,
        letterbox=args.onnx_fit == "letterbox",
    )
    parser = load_parser(
        args.model, device=args.device, system=args.system, onnx_input=form, onnx_output=args.onnx_output
    )
    system = parser.system.name
    print(f"{shown(args.model)}: maps in label system {system!r}, in the config IFD.PARSING.SYSTEM: {system} (or auto)")
    done = parse_images(
        parser, images, root, batch_size=args.batch_size, workers=args.workers, overwrite=args.overwrite
    )
    print(f"{done.written:,} maps written, {done.present:,} were there, {len(done.failed):,} images cannot be read")
    for message in done.failed:
        print(printable(message), file=sys.stderr)
    return 1 if done.failed else 0


def _entry(csv: str) -> str:
    """What register_csv takes; a list needs no name to have its images parsed."""
    return csv if "=" in csv and not os.path.isfile(csv) else f"List={csv}"


def arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line, ``sys.argv`` where none is given."""
    parser = argparse.ArgumentParser(prog="python -m people_parsing", description=__doc__)
    what = parser.add_argument_group("what to parse")
    what.add_argument("--dataset", metavar="NAME", help="PRCC, LTCC or another; maps go beside its images")
    what.add_argument("--csv", metavar="[NAME=]FILE", help="a data set by its list, as in IFD.CSV_DATASETS")
    what.add_argument("--root", metavar="DIR", help="folder of data sets (default: FASTREID_DATASETS, else datasets)")
    what.add_argument("--images", metavar="DIR", help="any tree of images, in place of a data set")
    what.add_argument("--output", metavar="DIR", help="folder of the maps; needed with --images")
    what.add_argument("--overwrite", action="store_true", help="make all maps anew, not only those that are missing")
    how = parser.add_argument_group("the parser")
    how.add_argument("--model", default=DEFAULT_MODEL, metavar="MODEL",
                     help="name on huggingface.co, local folder, or .onnx file (default: %(default)s)")  # fmt: skip
    how.add_argument("--system", choices=tuple(LABEL_SYSTEMS), help="label system (default: the model's; ONNX: lip)")
    how.add_argument("--device", metavar="DEVICE", help="cpu, cuda or cuda:<n> (default: CUDA where there is one)")
    how.add_argument("--batch-size", type=whole_number(1, 4096), default=16, metavar="N")
    how.add_argument("--workers", type=whole_number(1, 256), default=min(8, os.cpu_count() or 1), metavar="N",
                     help="threads that read images and write maps (default: %(default)s)")  # fmt: skip
    onnx = parser.add_argument_group("input and output of an ONNX file (defaults: those of SCHP's models)")
    onnx.add_argument("--onnx-size", type=whole_number(1, 8192), nargs=2, metavar=("HEIGHT", "WIDTH"))
    onnx.add_argument("--onnx-channels", default="bgr", choices=("bgr", "rgb"))
    onnx.add_argument("--onnx-mean", type=float, nargs=3, metavar="X", help="of pixels in 0 to 1, in that order")
    onnx.add_argument("--onnx-std", type=float, nargs=3, metavar="X")
    onnx.add_argument("--onnx-fit", default="letterbox", choices=("letterbox", "stretch"))
    onnx.add_argument("--onnx-output", metavar="NAME", help="default: the last with a channel for each label")
    args = parser.parse_args(argv)
    named = sum(map(bool, (args.dataset, args.csv, args.images)))
    if named != 1 or (args.images and not args.output):
        parser.error("name a data set with --dataset or --csv, or folders with --images and --output")
    return args


def main(argv: Sequence[str] | None = None) -> int:
    """The command; returns its exit code."""
    return run(parse_people, arguments(argv))


if __name__ == "__main__":
    sys.exit(main())
