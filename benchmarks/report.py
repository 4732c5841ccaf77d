"""The table of a run, its JSON, and how it compares with the committed one."""

import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib import metadata
from pathlib import Path
from typing import Any

from .rows import Row

COMMITTED = Path(__file__).with_name("results.json")
_PACKAGES = ("torch", "torchvision", "numpy", "fastreid", "numba", "onnxruntime", "timm")

Results = Mapping[str, Sequence[Row]]


def table(results: Results) -> str:
    """All rows under each other, with the goals beside the ratios."""
    lines = [f"{'':<62}{'ratio':>8}{'goal':>7}{'wall':>8}{'CPU time':>13}"]
    for name, rows in results.items():
        lines.append(name)
        for row in rows:
            goal = "" if row.goal is None else f"{row.goal:.2f}"
            lines.append(f"  {row.case}")
            lines.append(
                f"    {row.what:<58}{row.ratio:>8.3f}{goal:>7}{row.wall_ratio:>8.3f}{1000 * row.seconds:>10.2f} ms"
            )
    return "\n".join(lines)


def machine() -> dict[str, Any]:
    """Processor, system and versions, which figures belong to."""
    versions = {}
    for package in _PACKAGES:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "system": platform.system(),
        "python": platform.python_version(),
        **versions,
    }


def fallen_behind(results: Results, committed: Mapping[str, Any], margin: float) -> list[str]:
    """A line for each row whose ratio is above that of the committed results by more than a margin.

    Args:
        results: of this run.
        committed: what :func:`as_json` gave.
        margin: a share, such as 0.1.
    """
    before = {
        (name, row["case"], row["what"]): row["ratio"] for name, rows in committed["rows"].items() for row in rows
    }
    return [
        f"{name}, {row.name}: {row.ratio:.3f}, was {ratio:.3f}"
        for name, rows in results.items()
        for row in rows
        if (ratio := before.get((name, row.case, row.what))) is not None and row.ratio > ratio * (1 + margin)
    ]


def as_json(results: Results, kept: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """What is written: rows by benchmark, with the machine that each benchmark was measured on.

    Args:
        results: of this run.
        kept: earlier ones, whose benchmarks stay where this run has none of their name.
    """
    kept = kept or {"rows": {}, "machine": {}}
    rows = {**kept["rows"], **{name: [asdict(row) for row in of_name] for name, of_name in results.items()}}
    machines = {**kept["machine"], **dict.fromkeys(results, machine())}
    return {"machine": dict(sorted(machines.items())), "rows": dict(sorted(rows.items()))}


def read(path: Path) -> dict[str, Any]:
    """What :func:`as_json` gave, from a file; without benchmarks where there is none."""
    if not path.exists():
        return {"machine": {}, "rows": {}}
    content: dict[str, Any] = json.loads(path.read_text())
    return content


def write(path: Path, content: Mapping[str, Any]) -> None:
    """Writes it with figures that a person can read."""
    rounded = json.loads(json.dumps(content), parse_float=lambda text: float(f"{float(text):.4g}"))
    path.write_text(json.dumps(rounded, indent=1) + "\n")


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
