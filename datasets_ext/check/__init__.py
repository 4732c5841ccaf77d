"""Proves a data set and its parsing maps sound before a training, or names what is wrong."""

from .image_report import ImageReport, check_image, check_images
from .page import write_page
from .problems import KINDS, NOTES, Problem, find_notes, find_problems
from .report import Report, check_dataset
from .summary import as_json, as_text

__all__ = [
    "KINDS",
    "NOTES",
    "ImageReport",
    "Problem",
    "Report",
    "as_json",
    "as_text",
    "check_dataset",
    "check_image",
    "check_images",
    "find_notes",
    "find_problems",
    "write_page",
]
