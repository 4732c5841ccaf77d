"""What a tree of parsing maps says of itself, in ``label_system.json`` in its root, and so how it is read.

    {"system": "atr", "model": "mattmdjaga/segformer_b2_clothes", "version": "0.2.0", "date": "2026-11-25"}

Maps of two label systems look alike: what is a face in one is a leg in the other. Makers of maps write the record
before the first map; readers compare it with the system that they were told. Folders of a tree may have records of
their own, at any depth: each speaks for the maps below it, none wins over another, and a tree whose records differ is
refused.
"""

import json
import os
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, field

from .errors import ParsingMapError
from .files import files_below, is_there, read_regular_file, reason, shown, write_whole
from .label_systems import LABEL_SYSTEMS, LabelSystem, clothing_ids, label_system

RECORD_NAME = "label_system.json"
"""File of the record, in the root of a tree of maps."""

AUTO = "auto"
"""In the place of a label system's name: what the tree of maps says."""

_REPLACING = "replacing"


@dataclass(frozen=True)
class TreeRecord:
    """Who made the maps of a tree.

    Attributes:
        system: name of their label system.
        model: that made them; '' where nobody says.
        version: of the program that wrote them.
        date: of the first of them, as in 2026-11-25.
    """

    system: str
    model: str = ""
    version: str = ""
    date: str = ""


@dataclass
class _Tree:
    """A tree as it lies on disk.

    Attributes:
        records: by folder below the root, '' for the root itself.
        maps: all PNGs, below the root.
        unsaid: folders with maps that no record stands in or above of.
        replacing: whether its maps were being replaced when a run ended.
    """

    records: dict[str, TreeRecord] = field(default_factory=dict)
    maps: list[str] = field(default_factory=list)
    unsaid: list[str] = field(default_factory=list)
    replacing: bool = False


def tree_label_system(
    parsing_root: str, asked: str | LabelSystem, *, otherwise: str | LabelSystem | None = None
) -> tuple[LabelSystem, bool]:
    """The label system to read a tree of maps in. Whoever reads maps asks here, and only here.

    Args:
        parsing_root: root of the tree; it need not exist where ``asked`` names a system.
        asked: a label system, which the tree must not contradict; or 'auto', which takes the tree's word.
        otherwise: for 'auto', what a tree that says nothing is in; None: it is refused.

    Returns:
        the system, and whether the tree says it itself, for all of its maps.

    Raises:
        ParsingMapError: the tree is of another system, of several, is being replaced, says nothing though ``asked`` is
            'auto', or a record is broken.
        ValueError: ``asked`` is neither a label system nor 'auto'.
    """
    automatic = is_auto(asked)
    wanted = None if automatic else label_system(asked)
    tree = _survey(parsing_root)
    if tree.replacing:
        raise ParsingMapError(
            f"The maps below {shown(parsing_root)} were being replaced when the run that did it ended. Run it again, "
            "with --overwrite."
        )
    systems = {record.system for record in tree.records.values()}
    if len(systems) > 1:
        where = ", ".join(
            f"{record.system!r} in {shown(os.path.join(parsing_root, folder))}"
            for folder, record in sorted(tree.records.items())
        )
        raise ParsingMapError(
            f"The maps below {shown(parsing_root)} are of several label systems, by the {RECORD_NAME} of each: "
            f"{where}. Keep the maps of each system in a tree of their own, or make them again with one model."
        )
    said = label_system(systems.pop()) if systems else None
    if wanted is not None and said not in (None, wanted):
        folder, record = next(iter(tree.records.items()))
        by = f" (made by {shown(record.model)})" if record.model else ""
        raise ParsingMapError(
            f"The maps in {shown(os.path.join(parsing_root, folder))} are of label system {record.system!r}, by their "
            f"{RECORD_NAME}{by}, and were to be read as {wanted.name!r}. {how_to_set(record.system)}"
        )
    if wanted is None and said is None and otherwise is not None:
        wanted = label_system(otherwise)
    if wanted is None and (said is None or tree.unsaid):
        folder = tree.unsaid[0] if tree.unsaid else ""
        others = " or ".join(name for name in LABEL_SYSTEMS if name != "lip")
        raise ParsingMapError(
            f"The maps themselves are to say which label system they are of, but there is no {RECORD_NAME} in "
            f"{shown(os.path.join(parsing_root, folder))}. {how_to_set('lip')} (or {others})."
        )
    found = wanted or said
    assert found is not None
    return found, said is not None and not tree.unsaid


def claim_tree(parsing_root: str, record: TreeRecord, map_paths: Collection[str], *, overwrite: bool = False) -> None:
    """Writes the record of a tree before maps are added to it, or finds that they are of one kind with those there.

    Where ``overwrite`` replaces the maps of another model, those are removed first: a run that is interrupted then
    leaves maps that are missing, never maps of two models.

    Args:
        parsing_root: root of the tree; made where it is missing.
        record: of the maps to be added.
        map_paths: of these maps.
        overwrite: whether all of them are made anew.

    Raises:
        ParsingMapError: the tree has maps of another system or model, or of nobody knows which, and ``overwrite`` is
            off, or it is on and there are more maps than it replaces.
    """
    tree = _survey(parsing_root)
    mine = (record.system, record.model)
    others = {folder: other for folder, other in tree.records.items() if (other.system, other.model) != mine}
    path = os.path.join(parsing_root, RECORD_NAME)
    if not others and not tree.unsaid and not tree.replacing:
        if "" not in tree.records:
            try:
                _write(path, record, replace=False)
            except FileExistsError:
                # Another process was faster; it may have another model.
                claim_tree(parsing_root, record, map_paths, overwrite=overwrite)
        return
    if not overwrite:
        raise ParsingMapError(_why_not_added(parsing_root, tree, others, record))
    replaced = {os.path.normpath(path) for path in map_paths}
    left = [
        relative for relative in tree.maps if os.path.normpath(os.path.join(parsing_root, relative)) not in replaced
    ]
    if left:
        raise ParsingMapError(
            f"Below {shown(parsing_root)} lie {len(left):,} maps that belong to none of the images, the first is "
            f"{shown(left[0])}: they would stay among those of another model. Remove them, or name another folder with "
            "--output."
        )
    _write(path, record, replacing=True)
    for folder in tree.records:
        if folder:
            os.remove(os.path.join(parsing_root, folder, RECORD_NAME))
    for relative in tree.maps:
        os.remove(os.path.join(parsing_root, relative))
    _write(path, record)


def is_auto(system: str | LabelSystem) -> bool:
    """Whether this asks for what the tree of maps says."""
    return isinstance(system, str) and system.strip().casefold() == AUTO


def check_clothing(system: str | LabelSystem, names: Sequence[str] | None) -> None:
    """Checks a choice of label system and clothing set where no tree of maps is at hand.

    Args:
        system: label system, or 'auto'.
        names: label names that count as clothing; None: everything worn below the neck.

    Raises:
        ValueError: an unknown system; an empty set, or a name that is unknown to it or, for 'auto', to each system.
    """
    if not is_auto(system):
        clothing_ids(system, names)
        return
    refused = []
    for candidate in LABEL_SYSTEMS.values():
        try:
            clothing_ids(candidate, names)
        except ValueError as error:
            refused.append(error)
    if len(refused) == len(LABEL_SYSTEMS):
        raise refused[0]


def how_to_set(system: str) -> str:
    """What to do to have maps read in a label system."""
    return f"Put this line into the config (or --system {system} on the command line): IFD.PARSING.SYSTEM: {system}"


def _why_not_added(parsing_root: str, tree: _Tree, others: dict[str, TreeRecord], record: TreeRecord) -> str:
    root = shown(parsing_root)
    choice = "Name another folder for them with --output, or make all maps anew with --overwrite"
    if tree.replacing:
        return f"The maps below {root} were being replaced when a run ended. Go on with it: --overwrite."
    if others:
        folder, other = next(iter(others.items()))
        by = shown(other.model) or "nobody says which model"
        return (
            f"The maps in {shown(os.path.join(parsing_root, folder))} are of label system {other.system!r}, made by "
            f"{by}; {shown(record.model)} makes maps of {record.system!r}, and a tree holds the maps of one model. "
            f"{choice}."
        )
    return (
        f"There are {len(tree.maps):,} maps below {root} and no {RECORD_NAME} that says of which label system and "
        f"model they are. {choice}. If they are of this very model, say so, in "
        f"{shown(os.path.join(parsing_root, RECORD_NAME))}: {json.dumps(asdict(record))}"
    )


def _survey(parsing_root: str) -> _Tree:
    tree = _Tree()
    folders: dict[tuple[str, ...], None] = {}
    try:
        if not is_there(parsing_root):
            return tree
        for parts, kind in files_below(parsing_root):
            if parts[-1] == RECORD_NAME:
                folder = os.path.join("", *parts[:-1])
                tree.records[folder], replacing = _read(os.path.join(parsing_root, *parts))
                tree.replacing |= replacing
            elif kind is None and parts[-1].endswith(".png"):
                tree.maps.append(os.path.join(*parts))
                folders.setdefault(parts[:-1])
    except OSError as error:
        raise ParsingMapError(
            f"The folder of parsing maps {shown(parsing_root)} cannot be read: {shown(error.filename or '')}: "
            f"{reason(error)}."
        ) from error
    for parts in sorted(folders):
        if not any(os.path.join("", *parts[:depth]) in tree.records for depth in range(len(parts) + 1)):
            tree.unsaid.append(os.path.join("", *parts))
    tree.records = dict(sorted(tree.records.items()))
    tree.maps.sort()
    return tree


def _read(path: str) -> tuple[TreeRecord, bool]:
    what_to_do = 'Expected {"system": "lip"} or another label system: make the maps again, or correct the file.'
    try:
        values = json.loads(read_regular_file(path), object_pairs_hook=_each_once)
    except (OSError, ValueError, RecursionError) as error:
        why = reason(error) if isinstance(error, OSError) else error
        raise ParsingMapError(f"{shown(path)} cannot be read ({why}). {what_to_do}") from error
    if not isinstance(values, dict) or not isinstance(values.get("system"), str):
        raise ParsingMapError(f"{shown(path)} does not name a label system. {what_to_do}")
    if values["system"] not in LABEL_SYSTEMS:
        raise ParsingMapError(
            f"{shown(path)} names label system {values['system']!r}; known are {', '.join(LABEL_SYSTEMS)}. {what_to_do}"
        )
    texts = {name: str(values.get(name, "")) for name in ("model", "version", "date")}
    return TreeRecord(values["system"], **texts), bool(values.get(_REPLACING))


def _each_once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    values = dict(pairs)
    if len(values) < len(pairs):
        raise ValueError("it says one thing twice")
    return values


def _write(path: str, record: TreeRecord, *, replacing: bool = False, replace: bool = True) -> None:
    values = {**asdict(record), **({_REPLACING: True} if replacing else {})}
    write_whole(path, (json.dumps(values, indent=1) + "\n").encode(), replace=replace)
