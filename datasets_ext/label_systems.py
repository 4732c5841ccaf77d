"""The label systems of human parsing by name, the clothing sets within them, and conversion between them."""

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np


def _key(name: object) -> str:
    return re.sub(r"[\s_-]+", "", str(name)).casefold()


def _lookup(name: object, known: Iterable[str], what: str) -> str:
    """The spelling in `known` that equals `name`; case, spaces, hyphens and underscores make no difference."""
    spelling_of = {_key(entry): entry for entry in known}
    found = spelling_of.get(_key(name))
    if found is None:
        message = f"Unknown {what}: {name!r}. Known: {', '.join(known)}."
        close = difflib.get_close_matches(_key(name), spelling_of, n=1)
        if close:
            message += f" Did you mean {spelling_of[close[0]]!r}?"
        raise ValueError(message)
    return found


@dataclass(frozen=True)
class LabelSystem:
    """What each value of a parsing map means.

    Attributes:
        name: of the system.
        names: label names; a name's position is its value in the maps.
        clothing: names of the labels that count as clothing where nothing else is asked for.
    """

    name: str
    names: tuple[str, ...]
    clothing: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.names)

    def ids(self, names: Sequence[str]) -> tuple[int, ...]:
        """Label values of label names.

        Args:
            names: case, spaces, hyphens and underscores make no difference.

        Returns:
            values in [0, len(self)), in the order of ``names``.

        Raises:
            ValueError: an unknown name (lists the known ones), or a single str in place of a sequence.
        """
        if isinstance(names, str):
            raise ValueError(f"Expected a sequence of label names, found the string {names!r}: write [{names!r}].")
        what = f"label of label system {self.name!r}"
        return tuple(self.names.index(_lookup(name, self.names, what)) for name in names)


LABEL_SYSTEMS = {
    system.name: system
    for system in (
        LabelSystem(
            "lip",
            names=(
                "Background",
                "Hat",
                "Hair",
                "Glove",
                "Sunglasses",
                "Upper-clothes",
                "Dress",
                "Coat",
                "Socks",
                "Pants",
                "Jumpsuits",
                "Scarf",
                "Skirt",
                "Face",
                "Left-arm",
                "Right-arm",
                "Left-leg",
                "Right-leg",
                "Left-shoe",
                "Right-shoe",
            ),
            clothing=(
                "Glove",
                "Upper-clothes",
                "Dress",
                "Coat",
                "Socks",
                "Pants",
                "Jumpsuits",
                "Scarf",
                "Skirt",
                "Left-shoe",
                "Right-shoe",
            ),
        ),
        LabelSystem(
            "atr",
            names=(
                "Background",
                "Hat",
                "Hair",
                "Sunglasses",
                "Upper-clothes",
                "Skirt",
                "Pants",
                "Dress",
                "Belt",
                "Left-shoe",
                "Right-shoe",
                "Face",
                "Left-leg",
                "Right-leg",
                "Left-arm",
                "Right-arm",
                "Bag",
                "Scarf",
            ),
            clothing=(
                "Upper-clothes",
                "Skirt",
                "Pants",
                "Dress",
                "Belt",
                "Left-shoe",
                "Right-shoe",
                "Bag",
                "Scarf",
            ),
        ),
        LabelSystem(
            "pascal",
            names=("Background", "Head", "Torso", "Upper Arms", "Lower Arms", "Upper Legs", "Lower Legs"),
            # The system knows body parts only: everything below the neck stands for what is worn there.
            clothing=("Torso", "Upper Arms", "Lower Arms", "Upper Legs", "Lower Legs"),
        ),
    )
}

# Labels that have another name in another system, beside those of equal name. Only what holds for every pixel: a coat
# is annotated as upper clothes where a system has no coat, and what is worn or grows on the head is head. Clothes have
# no counterpart among body parts (a sleeve lies on the arm, not on the torso).
_SYNONYMS = {
    ("lip", "atr"): {"Coat": "Upper-clothes"},
    ("lip", "pascal"): {"Hat": "Head", "Hair": "Head", "Sunglasses": "Head", "Face": "Head"},
    ("atr", "pascal"): {"Hat": "Head", "Hair": "Head", "Sunglasses": "Head", "Face": "Head"},
}


def label_system(system: str | LabelSystem) -> LabelSystem:
    """Label system of a name.

    Args:
        system: 'lip', 'atr' or 'pascal', or a LabelSystem, which is returned as it is.

    Raises:
        ValueError: an unknown name (lists the known ones).
    """
    if isinstance(system, LabelSystem):
        return system
    return LABEL_SYSTEMS[_lookup(system, tuple(LABEL_SYSTEMS), "label system")]


def match_label_system(names: Iterable[str], system: str | LabelSystem | None = None) -> tuple[LabelSystem, np.ndarray]:
    """Finds the label system that the labels of a parsing model belong to, in whatever order the model has them.

    Args:
        names: label names by the model's value; case, spaces, hyphens and underscores make no difference.
        system: the only system that will do; None: any. Of several systems that know all names the smallest is taken,
            which is the one with just these names where there is one.

    Returns:
        the system, and a (len(names),) uint8 array from the model's values to the system's.

    Raises:
        ValueError: an unknown system, or no system knows all names: lists what is unknown to the closest.
    """
    names = [str(name) for name in names]
    candidates = list(LABEL_SYSTEMS.values()) if system is None else [label_system(system)]
    unknown = {}
    for candidate in candidates:
        known = {_key(name) for name in candidate.names}
        unknown[candidate.name] = [name for name in names if _key(name) not in known]
    fitting = [candidate for candidate in candidates if not unknown[candidate.name]]
    if not names or not fitting:
        closest = min(candidates, key=lambda candidate: len(unknown[candidate.name]))
        raise ValueError(
            f"{len(unknown[closest.name])} of {len(names)} labels are unknown to label system {closest.name!r}, the "
            f"closest: {', '.join(unknown[closest.name])}. It has {', '.join(closest.names)}."
        )
    found = min(fitting, key=len)
    return found, np.array(found.ids(names), dtype=np.uint8)


def clothing_ids(system: str | LabelSystem, names: Sequence[str] | None = None) -> tuple[int, ...]:
    """Label values of the clothing set C (IFD, eq. 3).

    Args:
        system: label system.
        names: label names that make up the set; None: everything worn below the neck.

    Returns:
        values, ascending, each once.

    Raises:
        ValueError: an unknown system or label name, or an empty set.
    """
    system = label_system(system)
    ids = system.ids(system.clothing if names is None else names)
    if not ids:
        raise ValueError(
            f"The clothing set is empty. Name at least one label of {system.name!r}: {', '.join(system.names)}."
        )
    return tuple(sorted(set(ids)))


def counterparts(source: str | LabelSystem, target: str | LabelSystem) -> dict[str, str | None]:
    """What each label of one system is called in another.

    Args:
        source: label system of the names.
        target: the other one.

    Returns:
        from each label name of ``source``, in its order, to that of ``target``, or to None where there is none.

    Raises:
        ValueError: an unknown system.
    """
    source, target = label_system(source), label_system(target)
    equal = {_key(name): name for name in target.names}
    synonyms = _SYNONYMS.get((source.name, target.name), {})
    return {name: synonyms.get(name, equal.get(_key(name))) for name in source.names}


def convert_labels(
    labels: np.ndarray, source: str | LabelSystem, target: str | LabelSystem, fallback: str | None = None
) -> np.ndarray:
    """Rewrites a parsing map in the labels of another system.

    Args:
        labels: integers of any shape, in [0, len(source)).
        source: label system of the labels.
        target: the other one.
        fallback: label name of ``target`` for labels without a counterpart there, see :func:`counterparts`.

    Returns:
        uint8 array of the same shape.

    Raises:
        ValueError: ``labels`` holds values outside ``source`` or, without a fallback, labels with no counterpart.
    """
    source, target = label_system(source), label_system(target)
    labels = np.asarray(labels)
    if not np.issubdtype(labels.dtype, np.integer):
        raise ValueError(f"A parsing map holds integers, found dtype {labels.dtype}.")
    present = np.unique(labels)
    outside = [int(value) for value in present if not 0 <= value < len(source)]
    if outside:
        raise ValueError(f"Labels {outside} are outside label system {source.name!r}: 0 to {len(source) - 1}.")

    names = counterparts(source, target)
    without = [source.names[value] for value in present if names[source.names[value]] is None]
    if without and fallback is None:
        raise ValueError(
            f"Label system {target.name!r} has no counterpart of these labels of {source.name!r}: "
            f"{', '.join(without)}. Give a fallback: one of {', '.join(target.names)}."
        )
    fallback_id = 0 if fallback is None else target.ids([fallback])[0]
    table = [fallback_id if name is None else target.names.index(name) for name in names.values()]
    return np.array(table, dtype=np.uint8)[labels]
