"""Forms of a change of single words: a setting goes from one known value to another, is taken away, or just changes.

* ``false->true``: the second value is there and was not; null before, or no object, counts as the first one.
* ``was false->true``: the same, only where the first value was there: of settings that are on by default.
* ``existing false->true``: the same, but not in an object that is new.
* ``true->false``, ``required|strict->optional``: one of the first values was there and one of the second is.
* ``->a|b``: one of these values is there that was not, also in an object that is new.
* ``changed->a``: the same, in an object that was there with another value.
* ``each deny*->allow``: one block of several goes from a value that the glob meets to the second.
* ``matching REGEX``: the whole value matches, and the one before, which was there, did not. A pattern that takes too
  long meets every change: no one may rely on a rule that cannot be judged.
* ``removed``, ``added``: a value or a block is there no longer, or newly, in an object that goes on.
* ``any``: another value is there, both before and after.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from functools import cache
from typing import TYPE_CHECKING, Any

from change_events.signals.paths import is_there, masked, pairs, words
from change_events.signals.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from change_events.signals.verdict import Case

_LONGEST = 100
_SECONDS = 0.2  # of one match
_UNJUDGED = "changed; the pattern of this rule takes too long"
_SLOW: set[str] = set()


def transition(case: Case) -> Iterator[Verdict]:
    """Forms with an arrow."""
    steps, subject = case.row.steps, case.subject
    old, _, new = case.argument.removeprefix("was ").removeprefix("existing ").partition("->")
    before, after = words(subject.before, steps), words(subject.after, steps)
    gained = sorted((after - before) & set(new.split("|")))
    first = sorted(before & set(old.split("|")))
    if not gained or (old == "changed" and not before):
        return
    if old == "false" and not case.argument.startswith("was "):
        if before or subject.before is not None:
            yield Verdict(case.row.path, "went from false to true", "went from false to true")
        elif not case.argument.startswith("existing "):
            yield Verdict(case.row.path, "is true", "is true")
    elif old in {"", "changed"}:
        yield Verdict(case.row.path, f"became {', '.join(gained)}"[:_LONGEST], "changed", tuple(gained))
    elif first:
        yield Verdict(case.row.path, f"went from {first[0]} to {gained[0]}", "changed", (first[0], gained[0]))


def each(case: Case) -> Iterator[Verdict]:
    """One block goes from a value that a glob meets to another."""
    old, _, new = case.argument.partition("->")
    for label, before, after in pairs(case.subject.before, case.subject.after, case.row.steps):
        if isinstance(before, str) and fnmatchcase(before, old) and after in new.split("|"):
            yield Verdict(label, f"went from {before} to {after}"[:_LONGEST], "changed", (before, after))


def matching(case: Case) -> Iterator[Verdict]:
    """A value newly matches a pattern."""
    steps, subject = case.row.steps, case.subject
    before, after = words(subject.before, steps), words(subject.after, steps)
    if not before or not after - before:
        return
    try:
        found = [word for word in sorted(after - before) if _is_match(case.argument, word)]
        met = found and not any(_is_match(case.argument, word) for word in before)
    except TimeoutError:
        _SLOW.add(case.argument)
        yield Verdict(case.row.path, _UNJUDGED, _UNJUDGED)
        return
    if met:
        yield Verdict(case.row.path, f"became {found[0]}"[:_LONGEST], "changed", (found[0],))


def _is_match(pattern: str, word: str) -> bool:
    """Whether all of a word matches. Raises TimeoutError, at once for a pattern that took too long before."""
    if pattern in _SLOW:
        raise TimeoutError
    return _pattern(pattern).fullmatch(word, timeout=_SECONDS) is not None


@cache
def _pattern(text: str) -> Any:
    from change_events.redact.patterns import compile_bounded  # few rules have a pattern

    return compile_bounded(text)


def removed(case: Case) -> Iterator[Verdict]:
    """What was set is set no longer, and will not be."""
    for label, before, after in _in_place(case):
        if is_there(before) and not is_there(after):
            yield Verdict(label, "was taken away", "was taken away")


def added(case: Case) -> Iterator[Verdict]:
    """What was not set is."""
    for label, before, after in _in_place(case):
        if is_there(after) and not is_there(before):
            yield Verdict(label, "was added", "was added")


def any_change(case: Case) -> Iterator[Verdict]:
    """Whatever is there is another than before."""
    for label, before, after in _in_place(case):
        if is_there(before) and is_there(after) and before != after and not _same_elements(before, after):
            yield Verdict(label, "changed", "changed")


def _in_place(case: Case) -> Iterator[tuple[str, object, object]]:
    """The pairs at the path, of an object that goes on; none where it is known only after the apply."""
    subject, steps = case.subject, case.row.steps
    if subject.before is not None and subject.after is not None and not masked(subject.unknown, steps):
        plain = case.row.path
        for label, before, after in pairs(subject.before, subject.after, steps):
            yield (plain if "[" not in label.replace("[0]", "") else label), before, after


def _same_elements(before: object, after: object) -> bool:
    """Whether two lists have the same elements: most of the lists here are sets."""
    if not isinstance(before, list) or not isinstance(after, list):
        return False
    return sorted(map(repr, before)) == sorted(map(repr, after))
