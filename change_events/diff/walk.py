"""Walks both sides of an object and collects the attributes that differ."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from change_events.diff import masks
from change_events.diff.embedded import parse_both
from change_events.diff.equality import freeze, same
from change_events.diff.lines import changed_lines
from change_events.diff.lists import Alignment, align
from change_events.diff.paths import Path, matcher, overlaps, render_path
from change_events.diff.statements import alike, statement
from change_events.model import AttributeChange, Value, ValueKind

if TYPE_CHECKING:
    import re
    from collections.abc import Sequence

    from change_events.redact import Redactor

_ABSENT = Value(kind=ValueKind.ABSENT)
_UNKNOWN = Value(kind=ValueKind.UNKNOWN)
_ONLY_FORMATTING = {
    "JSON": "only the formatting of the JSON changes",
    "YAML": "only the formatting or comments of the YAML change",
}
_EMPTY: tuple[Any, ...] = (None, {}, [], "")
_SHOWABLE = {ValueKind.LARGE, ValueKind.VALUE, ValueKind.ABSENT}
_MOST_WITH_LINES = 10  # attributes per resource


class Node(NamedTuple):
    """One place in the object: its value and masks on both sides."""

    before: Any
    after: Any
    unknown: Any = False
    before_mask: Any = False
    after_mask: Any = False

    def child(self, key: str) -> Node:
        """Return the place of a key; a side that is not an object has no value there."""
        return Node(
            self.before.get(key) if isinstance(self.before, dict) else None,
            self.after.get(key) if isinstance(self.after, dict) else None,
            masks.child(self.unknown, key),
            masks.child(self.before_mask, key),
            masks.child(self.after_mask, key),
        )

    def element(self, before: int | None, after: int | None) -> Node:
        """Return an element by its index before and after, or on one side only."""
        return Node(
            None if before is None else self.before[before],
            None if after is None else self.after[after],
            False if after is None else masks.child(self.unknown, after),
            False if before is None else masks.child(self.before_mask, before),
            False if after is None else masks.child(self.after_mask, after),
        )

    def is_masked(self) -> bool:
        """Return whether a part of it is unknown or sensitive."""
        return masks.has_true(self.unknown) or self.has_secret()

    def has_secret(self) -> bool:
        """Return whether a part of either side is sensitive."""
        return masks.has_true(self.before_mask) or masks.has_true(self.after_mask)


def diff(
    before: Any,
    after: Any,
    *,
    unknown: Any = False,
    before_sensitive: Any = False,
    after_sensitive: Any = False,
    redactor: Redactor,
    replace_paths: Sequence[Sequence[str | int]] = (),
    ignore: Sequence[str] = (),
) -> list[AttributeChange]:
    """Compare two decoded JSON objects; None stands for no object.

    Args:
        before: the current object; numbers as returned by :func:`change_events.diff.decode_exact`.
        after: the planned object, without unknown values.
        unknown: mask over ``after``: known only after apply.
        before_sensitive: mask over ``before``.
        after_sensitive: mask over ``after``.
        redactor: redacts every value.
        replace_paths: terraform's paths of the attributes that force a replacement.
        ignore: globs of attribute paths to leave out.

    Returns:
        Every difference, in the order of the keys; empty if there is none.
    """
    node = Node(before, after, unknown, before_sensitive, after_sensitive)
    return diff_bounded(node, redactor=redactor, replace_paths=replace_paths, ignore=ignore)[0]


def diff_bounded(
    node: Node,
    *,
    redactor: Redactor,
    replace_paths: Sequence[Sequence[str | int]] = (),
    ignore: Sequence[str] = (),
    limit: int | None = None,
) -> tuple[list[AttributeChange], int]:
    """Like :func:`diff`, but render at most ``limit`` differences; the second result is the number of others."""
    for side in (node.before, node.after):
        redactor.harvest(side)  # {name = "DB_PASSWORD", value = …}: compared alone, the value has no name to protect it
    walk = _Walk(redactor, replace_paths, ignore, limit)
    walk.whole = node.before is None or node.after is None
    walk.start(node)
    return walk.found, walk.omitted


class _Walk:
    """One comparison: its input, and the differences found so far."""

    def __init__(
        self,
        redactor: Redactor,
        replace_paths: Sequence[Sequence[str | int]],
        ignore: Sequence[str],
        limit: int | None,
    ) -> None:
        self._redactor = redactor
        self._replace_paths = [tuple(path) for path in replace_paths]
        self._ignored: re.Pattern[str] | None = matcher(ignore)
        self._limit = limit
        self.whole = False  # one side is not an object: empty parts of the other are not reported
        self.found: list[AttributeChange] = []
        self.omitted = 0
        self._with_lines = 0
        self._within = ""  # name of the compared statement of a policy

    def start(self, node: Node) -> None:
        """Compare whole objects by attributes, even if a mask covers all of them at once."""
        if _either(node, dict) or (node.before is None and node.after is None):
            self._object((), node)
        else:
            self.visit((), node)

    def visit(self, path: Path, node: Node) -> None:
        """Report the differences at this place and below."""
        if node.before_mask is True or node.after_mask is True:
            self._secret(path, node)
        elif node.unknown is True:
            self._emit(path, node, unknown=True, secret=node.has_secret())
        elif _either(node, dict):
            self._object(path, node)
        elif _either(node, list):
            self._list(path, node)
        elif not same(node.before, node.after):
            self._scalar(path, node)

    def _secret(self, path: Path, node: Node) -> None:
        if masks.has_true(node.unknown):
            self._emit(path, node, unknown=True, secret=True)
        elif not same(node.before, node.after):
            self._emit(path, node, secret=True)
        elif node.after is not None and masks.marks(node.before_mask) != masks.marks(node.after_mask):
            self._emit(path, node, secret=True, note="only the sensitivity mark changes")

    def _object(self, path: Path, node: Node) -> None:
        sides = (node.before, node.after, node.unknown)
        keys: set[str] = {key for side in sides if isinstance(side, dict) for key in side}
        reported = len(self.found) + self.omitted
        bare = isinstance(node.before, dict) and isinstance(node.after, dict) and not node.is_masked()
        for key in sorted(keys):
            if not (bare and same(node.before.get(key), node.after.get(key))):
                self.visit((*path, key), node.child(key))
        if path and reported == len(self.found) + self.omitted and None in (node.before, node.after):
            self._empty(path, node)

    def _empty(self, path: Path, node: Node) -> None:
        """Report null that becomes an empty object or array, or the reverse, in an updated object."""
        if not self.whole:
            self._emit(path, node)

    def _list(self, path: Path, node: Node) -> None:
        if not node.before and not node.after and not masks.has_true(node.unknown):
            if node.before is None or node.after is None:
                self._empty(path, node)
            return
        full = node._replace(before=node.before or [], after=node.after or [])
        plain = not full.has_secret() and not masks.has_true(full.unknown)
        if plain and not (full.before and full.after) and not any(map(_is_container, full.before + full.after)):
            self._emit(path, node)  # values that all come or go together read best as one list
            return
        self._elements(path, full, align(full.before, full.after, *_keys(full)))

    def _elements(self, path: Path, node: Node, found: Alignment) -> None:
        for before, after in found.changed:
            self._changed((*path, after), node.element(before, after))
        for index in found.removed:
            self._one_sided((*path, index), node.element(index, None), "element removed")
        for index in found.added:
            self._one_sided((*path, index), node.element(None, index), "element added")
        if found.reordered:
            only = not (found.changed or found.removed or found.added)
            note = "only the order of the elements changes" if only else "the order of the elements changes too"
            self._emit(path, node, secret=node.has_secret(), note=note)

    def _changed(self, path: Path, node: Node) -> None:
        within = self._within
        if not node.has_secret() and (name := statement(path, node.after, node.before, redactor=self._redactor)):
            self._within = f"in {name}" if '"' in name else ""
        self.visit(path, node)
        self._within = within

    def _one_sided(self, path: Path, node: Node, note: str) -> None:
        if node.has_secret() or masks.has_true(node.unknown):
            reported = len(self.found) + self.omitted
            self.visit(path, node)
            if reported != len(self.found) + self.omitted:
                return
        elif name := statement(path, node.after, node.before, redactor=self._redactor):
            note = note.replace("element", name)
        self._emit(path, Node(_pruned(node.before), _pruned(node.after)), note=note)

    def _scalar(self, path: Path, node: Node) -> None:
        if isinstance(node.before, str) and isinstance(node.after, str):
            parsed = parse_both(node.before, node.after)
            if parsed is not None:
                self._embedded(path, node, *parsed)
                return
        self._emit(path, node, secret=node.has_secret())

    def _embedded(self, path: Path, node: Node, language: str, before: Any, after: Any) -> None:
        reported = len(self.found) + self.omitted
        if _is_same_shape(before, after):
            whole, self.whole = self.whole, False
            self.visit(path, Node(*alike(before, after)))
            self.whole = whole
        elif not same(before, after):
            self._emit(path, node)
        if reported == len(self.found) + self.omitted:
            # null and a missing key are equal in Terraform, but maybe not for the reader of the document
            self._emit(path, node, note=_ONLY_FORMATTING[language] if before == after else None)

    def _emit(
        self, path: Path, node: Node, *, unknown: bool = False, secret: bool = False, note: str | None = None
    ) -> None:
        raw = render_path(path)
        if self._ignored is not None and self._ignored.match(raw):
            return
        forces = any(overlaps(path, forcing) for forcing in self._replace_paths)
        if self._limit is not None and len(self.found) >= self._limit and not forces:
            self.omitted += 1
            return
        before = self._value(path, node.before, secret)
        after = _UNKNOWN if unknown else self._value(path, node.after, secret)
        change = AttributeChange(
            path=self._redactor.text(raw),
            before=before,
            after=after,
            forces_replacement=forces,
            note=", ".join(part for part in (note, self._within) if part) or None,
            lines=self._lines(node, before, after) if ValueKind.LARGE in {before.kind, after.kind} else (),
        )
        self.found.append(change)

    def _lines(self, node: Node, before: Value, after: Value) -> tuple[str, ...]:
        """Return the lines that differ in an updated object if neither side is hidden as a whole."""
        if self.whole or self._with_lines >= _MOST_WITH_LINES or not {before.kind, after.kind} <= _SHOWABLE:
            return ()
        self._with_lines += 1
        return changed_lines(node.before, node.after, self._redactor)

    def _value(self, path: Path, value: Any, secret: bool) -> Value:
        return _ABSENT if value is None else self._redactor.value(path, value, sensitive=secret)


def _either(node: Node, kind: type) -> bool:
    """Return whether both sides have a type, or one has and the other is missing."""
    sides = (node.before, node.after)
    if any(isinstance(side, kind) for side in sides):
        return all(side is None or isinstance(side, kind) for side in sides)
    return sides == (None, None) and isinstance(node.unknown, kind) and masks.has_true(node.unknown)


def _keys(node: Node) -> tuple[list[object], list[object]]:
    """Return the comparison keys of elements: content and marks; an element with unknown parts equals none."""
    before = [
        (freeze(element), masks.marks(masks.child(node.before_mask, index)))
        for index, element in enumerate(node.before)
    ]
    after: list[object] = []
    for index, element in enumerate(node.after):
        if masks.has_true(masks.child(node.unknown, index)):
            after.append(("unknown", index))
        else:
            after.append((freeze(element), masks.marks(masks.child(node.after_mask, index))))
    return list(before), after


def _pruned(value: Any) -> Any:
    """Remove null and empty values of a block that is added or removed as a whole."""
    if isinstance(value, dict):
        return {key: _pruned(part) for key, part in value.items() if part not in _EMPTY}
    return value


def _is_container(value: Any) -> bool:
    return isinstance(value, (dict, list))


def _is_same_shape(before: Any, after: Any) -> bool:
    return type(before) is type(after)
