"""From similarities to words: same person, uncertain, unknown; and where they are kept with a model."""

import contextlib
import json
import os
import warnings
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from exported_model import PREFIX, ExportedModelError, set_properties

from .errors import DecisionsError

Decision = Literal["same person", "uncertain", "unknown"]
#: The pairs of one person that are told apart: in the same clothes, in other clothes.
KINDS = ("same_clothes", "other_clothes")
_IN_WORDS = {"same_clothes": "the same clothes", "other_clothes": "other clothes"}
_ENDING = ".decisions.json"


@dataclass(frozen=True)
class Identification:
    """How many searches end rightly where the person may not be there.

    Attributes:
        rate: detection and identification rate, the share of the searches for people who are there whose first picture
            is of them, and similar enough to be answered.
        chance: what similarities drawn at random would give.
    """

    rate: float
    chance: float


@dataclass(frozen=True)
class Decisions:
    """Similarities of one model that few pairs of different people reach, measured on labelled people.

    Attributes:
        fingerprint: of the model.
        similarity: by false positive rate, the similarity that this share of the pairs of different people reaches.
        accepted: by kind of pair (``same_clothes``, ``other_clothes``) and false positive rate, the share of the pairs
            of one person that reaches that similarity; a kind without pairs is left out.
        pairs: by ``different_people`` and kind, how many pairs these are shares of.
        people: how many people they were measured on.
        source: on what: a gallery, for one.
        identified: by kind of pair and false alarm rate, the share of the searches for people who are not there that
            is answered all the same, how many searches end rightly; empty where that was not measured.
    """

    fingerprint: str
    similarity: Mapping[float, float]
    accepted: Mapping[str, Mapping[float, float]] = field(default_factory=dict)
    pairs: Mapping[str, int] = field(default_factory=dict)
    people: int = 0
    source: str = ""
    identified: Mapping[str, Mapping[float, Identification]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        rates = sorted(self.similarity)
        values = [self.similarity[rate] for rate in rates]
        if len(rates) < 2 or not (rates[0] > 0 and rates[-1] < 1) or values != sorted(values, reverse=True):
            raise DecisionsError(
                f"Similarities {dict(self.similarity)} by false positive rate; expected two rates or more between 0 "
                "and 1, and a similarity that does not grow with them. Run calibrate again."
            )

    @property
    def strictest_rate(self) -> float:
        """The smallest false positive rate; what is above its similarity is called the same person."""
        return min(self.similarity)

    @property
    def loosest_rate(self) -> float:
        """The largest false positive rate; what is below its similarity is called unknown."""
        return max(self.similarity)

    def decide(self, similarity: float) -> Decision:
        """What a similarity of two images means.

        Of pairs of different people, a share of ``strictest_rate`` is called the same person, by mistake, and
        ``loosest_rate`` at least uncertain.
        """
        if similarity >= self.similarity[self.strictest_rate]:
            return "same person"
        return "uncertain" if similarity >= self.similarity[self.loosest_rate] else "unknown"

    def strangers(self, pictures: int) -> float:
        """How many pictures of other people a search is to be expected to call the same person.

        Args:
            pictures: how many the search looks at.
        """
        return self.strictest_rate * pictures

    def sentences(self, pictures: int) -> list[str]:
        """What a user is told of them.

        Args:
            pictures: how many a search looks at.
        """
        strict, loose = self.strictest_rate, self.loosest_rate
        told = [
            f"Same person: from {self.similarity[strict]:.3f}, which 1 in {1 / strict:,.0f} pairs of different people "
            f"reaches by mistake (in a search through {pictures:,} pictures about {self.strangers(pictures):,.1f}) and "
            f"{self._found(strict)}.",
            f"Unknown: below {self.similarity[loose]:.3f}, which 1 in {1 / loose:,.0f} pairs of different people "
            f"reaches and {self._found(loose)}. Between: uncertain.",
        ]
        for rate in sorted({rate for shares in self.identified.values() for rate in shares}):
            by_kind = {kind: self.identified[kind][rate] for kind in KINDS if rate in self.identified.get(kind, {})}
            figures = " and ".join(
                f"{100 * one.rate:.1f} % in {_IN_WORDS[kind]} (by chance {100 * one.chance:.2f} %)"
                for kind, one in by_kind.items()
            )
            told.append(
                f"Where 1 in {1 / rate:,.0f} searches for people who are not there is answered all the same, searches "
                f"for people who are there are answered rightly in {figures}."
            )
        told.append(f"Measured on {self.people:,} people: {self.source or 'unnamed'}.")
        return told

    def _found(self, rate: float) -> str:
        kinds = [kind for kind in KINDS if kind in self.accepted]
        found = " and ".join(f"{100 * self.accepted[kind][rate]:.1f} % in {_IN_WORDS[kind]}" for kind in kinds)
        return f"of the pairs of one person {found or 'an unknown share'}"

    def to_json(self) -> str:
        """The text that ``from_json`` reads: a JSON object; rates are its keys, as text."""
        return json.dumps(asdict(self), indent=2)

    @classmethod
    def from_json(cls, text: str, name: str = "given") -> "Decisions":
        """Reads what ``to_json`` wrote.

        Args:
            text: JSON.
            name: what an error calls it.

        Raises:
            DecisionsError: something else.
        """
        try:
            read: dict[str, Any] = json.loads(text)
            return cls(
                fingerprint=str(read["fingerprint"]),
                similarity=_by_rate(read["similarity"]),
                accepted={str(kind): _by_rate(shares) for kind, shares in read["accepted"].items()},
                pairs={str(kind): int(count) for kind, count in read["pairs"].items()},
                people=int(read["people"]),
                source=str(read["source"]),
                identified={
                    str(kind): {float(rate): Identification(**one) for rate, one in shares.items()}
                    for kind, shares in read.get("identified", {}).items()
                },
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise DecisionsError(f"Decisions {name} cannot be read ({error!r}). Run calibrate again.") from error


def keep(decisions: Decisions, model_path: str | os.PathLike[str]) -> Path:
    """Keeps decisions with their model, whole or not at all: in an ``.onnx`` itself, beside a checkpoint.

    Args:
        decisions: of this very model.
        model_path: of the model.

    Returns:
        path of the file that holds them.

    Raises:
        DecisionsError: it cannot be written.
    """
    path = Path(model_path)
    try:
        if path.suffix.lower() == ".onnx":
            # With the fingerprint: of a file that has none it is a hash, which would be another from now on.
            texts = {"decisions": decisions.to_json(), "fingerprint": decisions.fingerprint}
            set_properties(path, {PREFIX + name: text for name, text in texts.items()})
            return path
        return _write_beside(path, decisions.to_json())
    except (OSError, ExportedModelError) as error:
        raise DecisionsError(f"Decisions cannot be kept with model {path} ({error}).") from error


def _write_beside(model_path: Path, text: str) -> Path:
    path = decisions_path(model_path)
    # Hidden, and of this process's own name.
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        part.write_text(text, encoding="utf-8")
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
    return path


def decisions_path(model_path: str | os.PathLike[str]) -> Path:
    """Where the decisions of a checkpoint lie: ``model_final.pth`` and ``model_final.decisions.json``."""
    return Path(model_path).with_suffix(_ENDING)


def beside(model_path: str | os.PathLike[str], fingerprint: str) -> Decisions | None:
    """The decisions that lie beside a checkpoint, under its name, or, where it was renamed, under any.

    None where there are none; of those under its name that are another model's a warning tells.

    Args:
        model_path: of the model.
        fingerprint: its own.

    Raises:
        DecisionsError: the file under its name cannot be read.
    """
    path = decisions_path(model_path)
    own = _read(path) if path.exists() else None
    if own is not None and own.fingerprint == fingerprint:
        return own
    for other in sorted(path.parent.glob(f"*{_ENDING}")):
        # What another model's file holds is not this one's business.
        with contextlib.suppress(DecisionsError):
            found = _read(other)
            if found.fingerprint == fingerprint:
                return found
    return None if own is None else of_model(own, fingerprint, str(path))


def of_model(found: Decisions, fingerprint: str, name: str) -> Decisions | None:
    """Decisions, if they are of the model with this fingerprint; else a warning, and None.

    Args:
        found: the decisions.
        fingerprint: of the model.
        name: what the warning calls them.
    """
    if found.fingerprint == fingerprint:
        return found
    warnings.warn(
        f"{name} was calibrated for another model (fingerprint {found.fingerprint[:12]}, this is {fingerprint[:12]}) "
        "and is left out; run calibrate again.",
        stacklevel=3,
    )
    return None


def _read(path: Path) -> Decisions:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DecisionsError(f"Decisions {path} cannot be read ({error}). Run calibrate again.") from error
    return Decisions.from_json(text, str(path))


def _by_rate(shares: Mapping[str, Any]) -> dict[float, float]:
    return {float(rate): float(share) for rate, share in shares.items()}
