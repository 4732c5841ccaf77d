"""A report as a table and as data."""

import os
from collections.abc import Collection
from dataclasses import asdict

from tabulate import tabulate

from ..bases import Counts
from ..files import shown
from .problems import KINDS, Problem
from .report import Report

# Problems of a kind that the text lists; the data hold all.
_LISTED = 3


def by_kind(problems: list[Problem]) -> dict[str, list[Problem]]:
    """Problems by kind, in the order of KINDS, without kinds that do not occur."""
    found: dict[str, list[Problem]] = {}
    for problem in problems:
        found.setdefault(problem.kind, []).append(problem)
    return found


def count_table(report: Report) -> tuple[list[str], list[list[str]]]:
    """Heading and rows of the sizes by split, each number beside the published one where there is one."""
    titles = {"ids": "people", "images": "images", "cameras": "cameras", "outfits": "outfits"}
    if any(found.tracklets for found, _ in report.counts.values()):
        titles["tracklets"] = "tracklets"
    rows = []
    for split, (found, published) in report.counts.items():
        cells = []
        for field in titles:
            value, expected = getattr(found, field), getattr(published or Counts(), field)
            text = "-" if value is None else f"{value:,}"
            cells.append(text if expected is None else f"{text} of {expected:,}")
        rows.append([split, *cells])
    return ["split", *titles.values()], rows


def verdict(report: Report, accepted: Collection[str] = ()) -> str:
    """One sentence."""
    left = [problem for problem in report.problems if problem.kind not in accepted]
    passed = len(report.problems) - len(left)
    note = f" ({passed:,} accepted)" if passed else ""
    if left:
        return f"{report.name} is not sound: {len(left):,} problems{note}."
    return f"{report.name} is sound: {len(report.images):,} images with their maps{note}."


def as_text(report: Report, accepted: Collection[str] = ()) -> str:
    """Sizes, problems by kind with the first few of each, and the verdict."""
    heading, rows = count_table(report)
    parts = [tabulate(rows, headers=heading, tablefmt="pipe", disable_numparse=True)]
    parts.append(f"clothes labels: {report.clothes_labels}\nmodes: {', '.join(report.modes)}")
    if report.notes:
        parts.append("\n".join(f"note ({note.kind}): {note.detail}" for note in report.notes))
    if report.problems:
        found = by_kind(report.problems)
        lines = [[KINDS[kind], kind, f"{len(problems):,}"] for kind, problems in found.items()]
        heading = ["problem", "kind", "count"]
        parts.append(tabulate(lines, headers=heading, tablefmt="pipe", disable_numparse=True))
        parts += [_listed(kind, problems, report.folder) for kind, problems in found.items()]
    parts.append(verdict(report, accepted))
    return "\n\n".join(parts)


def as_json(report: Report, accepted: Collection[str] = ()) -> dict:
    """Everything that was found, as plain data; every problem with its images."""
    return {
        "dataset": report.name,
        "folder": report.folder,
        "parsing": report.parsing_root,
        "system": report.system.name,
        "clothing": [report.system.names[label] for label in report.clothing],
        "images": len(report.images),
        "sound": all(problem.kind in accepted for problem in report.problems),
        "accepted": sorted(accepted),
        "counts": {
            split: {"found": found._asdict(), "published": None if published is None else published._asdict()}
            for split, (found, published) in report.counts.items()
        },
        "clothes_labels": asdict(report.clothes_labels),
        "modes": list(report.modes),
        "notes": [{"kind": note.kind, "detail": note.detail} for note in report.notes],
        "labels": {name: use._asdict() for name, use in report.labels.items()},
        "problems": {
            kind: [{"images": list(problem.images), "detail": problem.detail} for problem in problems]
            for kind, problems in by_kind(report.problems).items()
        },
    }


def _listed(kind: str, problems: list[Problem], folder: str) -> str:
    """The first few of a kind, a line each: images below the data set's folder, and what was found."""
    lines = [f"{kind}:"]
    for problem in problems[:_LISTED]:
        images = " and ".join(shown(os.path.relpath(image, folder)) for image in problem.images)
        lines.append(f"  {images}: {problem.detail}" if images else f"  {problem.detail}")
    if len(problems) > _LISTED:
        lines.append(f"  and {len(problems) - _LISTED:,} more")
    return "\n".join(lines)
