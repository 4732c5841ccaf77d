"""The doctor: proves a data set and its parsing maps sound before a training, or names what is wrong."""

from .examination import Examination, examine
from .inspection import Inspection, inspect_photo, inspect_photos
from .page import write_page
from .problems import KINDS, Problem, find_problems
from .report import as_json, as_text

__all__ = [
    "KINDS",
    "Examination",
    "Inspection",
    "Problem",
    "as_json",
    "as_text",
    "examine",
    "find_problems",
    "inspect_photo",
    "inspect_photos",
    "write_page",
]
