"""From similarities to words: same person, uncertain, unknown; and the file that keeps them beside a model."""

import json
import os
import warnings
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from .errors import DecisionsError

Decision = Literal["same person", "uncertain", "unknown"]
#: The pairs of one person that are told apart: in the same clothes, in other clothes.
KINDS = ("same_clothes", "other_clothes")


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
    """

    fingerprint: str
    similarity: Mapping[float, float]
    accepted: Mapping[str, Mapping[float, float]] = field(default_factory=dict)
    pairs: Mapping[str, int] = field(default_factory=dict)
    people: int = 0
    source: str = ""

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
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise DecisionsError(f"Decisions {name} cannot be read ({error!r}). Run calibrate again.") from error

    def save(self, model_path: str | os.PathLike[str]) -> Path:
        """Writes the file beside a model that ``beside`` reads, whole or not at all.

        Args:
            model_path: of the model.

        Returns:
            path of the file.
        """
        path = decisions_path(model_path)
        # Hidden, and of this process's own name.
        part = path.with_name(f".{path.name}.{os.getpid()}.part")
        try:
            part.write_text(self.to_json(), encoding="utf-8")
            os.replace(part, path)
        finally:
            part.unlink(missing_ok=True)
        return path


def decisions_path(model_path: str | os.PathLike[str]) -> Path:
    """Where the decisions of a model lie: ``model.onnx`` and ``model.decisions.json``."""
    return Path(model_path).with_suffix(".decisions.json")


def beside(model_path: str | os.PathLike[str], fingerprint: str) -> Decisions | None:
    """The decisions that lie beside a model; None where there are none, or another model's, of which a warning tells.

    Args:
        model_path: of the model.
        fingerprint: its own.

    Raises:
        DecisionsError: the file cannot be read.
    """
    path = decisions_path(model_path)
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise DecisionsError(f"Decisions {path} cannot be read ({error}). Run calibrate again.") from error
    found = Decisions.from_json(text, str(path))
    if found.fingerprint != fingerprint:
        warnings.warn(
            f"{path} was calibrated for another model (fingerprint {found.fingerprint[:12]}, this is "
            f"{fingerprint[:12]}) and is left out; run calibrate again.",
            stacklevel=2,
        )
        return None
    return found


def _by_rate(shares: Mapping[str, Any]) -> dict[float, float]:
    return {float(rate): float(share) for rate, share in shares.items()}
