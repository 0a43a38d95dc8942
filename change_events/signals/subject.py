"""One planned change with its values in memory, for the rules over values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from change_events.diff.masks import child, has_true

if TYPE_CHECKING:
    from collections.abc import Iterator

    from change_events.model import Action


class Subject(NamedTuple):
    """A resource before and after, complete and unredacted: never recorded.

    Attributes:
        type: resource type.
        action: the planned action.
        before: the object before; None if there is none.
        after: the object after, without unknown values.
        unknown: mask over ``after``: known only after the apply.
        before_mask: mask of sensitive parts of ``before``; ``after_mask`` likewise.
    """

    type: str
    action: Action
    before: Any
    after: Any
    unknown: Any = False
    before_mask: Any = False
    after_mask: Any = False

    def hides(self, name: str) -> bool:
        """Return whether a part of this attribute is sensitive: it may be examined, but not shown."""
        return has_true(child(self.before_mask, name)) or has_true(child(self.after_mask, name))

    def sides(self, name: str) -> tuple[Any, Any]:
        """Return one attribute before and after; None if it is not set."""
        return _get(self.before, name), _get(self.after, name)

    @property
    def names(self) -> list[str]:
        """The attributes that are set after the change and differ from before."""
        after = self.after if isinstance(self.after, dict) else {}
        return [name for name, value in after.items() if value is not None and value != _get(self.before, name)]


class Found(NamedTuple):
    """The result of a rule.

    Attributes:
        name: name of the signal.
        reason: the reason; with a ``label``, the text after the path.
        attribute: the attribute it was derived from; None if it is not a single one.
        label: path of the attribute; several with one reason are reported together.
        shown: paths and values quoted by the reason.
    """

    name: str
    reason: str
    attribute: str | None = None
    label: str = ""
    shown: tuple[tuple[tuple[str, ...], Any], ...] = ()


def leaves(value: Any, trail: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield every scalar below ``value`` with its path; JSON in a string is not parsed."""
    if isinstance(value, dict):
        for key, part in value.items():
            yield from leaves(part, (*trail, key))
    elif isinstance(value, list):
        for part in value:
            yield from leaves(part, trail)
    elif value is not None:
        yield trail, value


def _get(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else None
