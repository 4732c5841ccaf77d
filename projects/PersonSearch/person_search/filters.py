"""What a search is narrowed to, as an expression of Milvus.

Names of cameras come from folders and tables that anybody may have written, so no text enters an expression but
through ``literal``. (Milvus itself can take the texts beside the expression; its embedded form cannot.)
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from .labels import milliseconds

#: What stands for an unknown time in the gallery, before all others.
NO_TIME = -(2**62)
_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"})


def literal(text: str) -> str:
    """A text as a string literal of Milvus: quoted, with all that would end it escaped."""
    return f'"{text.translate(_ESCAPES)}"'


def one_of(field: str, values: Iterable[str]) -> str:
    """The expression that a field is one of some texts."""
    return f"{field} in [{', '.join(map(literal, values))}]"


@dataclass(frozen=True)
class Filters:
    """What the pictures found must be.

    Attributes:
        cameras: only of these cameras, or of this one; empty: of any.
        not_cameras: none of these cameras. Pictures of an unknown camera stay.
        since, until: taken in this span of time, both ends included; datetime, seconds since 1970 or ISO 8601, UTC
            where no zone is said. Pictures of an unknown time are left out as soon as one is given.
        clothes: only in these clothes; empty: in any.
        not_clothes: in none of these clothes. Pictures of unknown clothes stay.
    """

    cameras: "Sequence[str] | str" = ()
    not_cameras: "Sequence[str] | str" = ()
    since: "datetime | float | str | None" = None
    until: "datetime | float | str | None" = None
    clothes: "Sequence[str] | str" = ()
    not_clothes: "Sequence[str] | str" = ()

    def __post_init__(self) -> None:
        for field in ("cameras", "not_cameras", "clothes", "not_clothes"):
            value = getattr(self, field)
            # One text is one camera, not a camera for each of its letters.
            object.__setattr__(self, field, (value,) if isinstance(value, str) else tuple(value))

    def expression(self) -> str:
        """The filter in Milvus's language; empty where nothing is asked for.

        Raises:
            LabelsError: a text that is no time.
        """
        parts = []
        for field, wanted, unwanted in (
            ("camera", self.cameras, self.not_cameras),
            ("clothes", self.clothes, self.not_clothes),
        ):
            if wanted:
                parts.append(one_of(field, wanted))
            if unwanted:
                parts.append(f"not ({one_of(field, unwanted)})")
        since, until = milliseconds(self.since), milliseconds(self.until)
        if since is not None:
            parts.append(f"time >= {since}")
        if until is not None:
            # Without the first half, what has no time would lie before everything.
            parts.append(f"time > {NO_TIME} and time <= {until}")
        return " and ".join(parts)
