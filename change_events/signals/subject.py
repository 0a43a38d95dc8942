"""One planned change with its values in memory: what the rules that look at values are asked about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from change_events.diff.masks import child, has_true

if TYPE_CHECKING:
    from collections.abc import Iterator

    from change_events.model import Action


class Subject(NamedTuple):
    """A resource before and after, whole and unredacted: never recorded, only looked at.

    Attributes:
        type: resource type.
        action: what is planned for it.
        before: the object as it is; None where there is none.
        after: as it shall be, without what is not known yet.
        unknown: mask over ``after``: known only after the apply.
        before_mask: mask over ``before`` of what is sensitive; ``after_mask`` likewise.
    """

    type: str
    action: Action
    before: Any
    after: Any
    unknown: Any = False
    before_mask: Any = False
    after_mask: Any = False

    def hides(self, name: str) -> bool:
        """Whether a part of this attribute is sensitive: it may be looked at, and nothing of it be shown."""
        return has_true(child(self.before_mask, name)) or has_true(child(self.after_mask, name))

    def sides(self, name: str) -> tuple[Any, Any]:
        """One attribute before and after; None where it is not set."""
        return _get(self.before, name), _get(self.after, name)

    @property
    def names(self) -> list[str]:
        """The attributes that are set after the change and differ from before."""
        after = self.after if isinstance(self.after, dict) else {}
        return [name for name, value in after.items() if value is not None and value != _get(self.before, name)]


class Found(NamedTuple):
    """What a rule found.

    Attributes:
        name: of the signal.
        reason: why; what follows the path where there is a ``label``.
        attribute: that it was read off; None: of no single one.
        label: path of the attribute; several with one reason are reported together.
        shown: paths and values that the reason quotes.
    """

    name: str
    reason: str
    attribute: str | None = None
    label: str = ""
    shown: tuple[tuple[tuple[str, ...], Any], ...] = ()


def leaves(value: Any, trail: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every scalar below ``value`` with the names that lead to it; JSON in a string is not looked into."""
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
