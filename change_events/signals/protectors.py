"""Rule: a protector is destroyed while its target stays.

The types are data. Columns of ``protectors.tsv``: resource type, signal, attributes that name the target (between
``|``; empty if that is the account or the organization), noun, and conditions between ``;``: one of those of the form
``path=word|word`` must have held, and all of the form ``path!=word|word``.

Types and attributes, and the documented effects of their destruction, were checked against the documentation and the
schemas of the providers on 2026-11-30.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from change_events.model import Action
from change_events.signals.paths import words
from change_events.signals.stateful import stateful_kind
from change_events.signals.subject import Found, Subject
from change_events.signals.table import steps_of

if TYPE_CHECKING:
    from collections.abc import Iterator

_ARMED = {
    "skip_final_snapshot": "no last snapshot is taken",
    "force_destroy": "what it holds is destroyed with it",
    "force_delete": "what it holds is destroyed with it",
    "delete_contents_on_destroy": "what it holds is destroyed with it",
}
_GOES = {Action.DESTROY, Action.REPLACE}
_Condition = tuple[str, frozenset[str]]
_STAYS: tuple[_Condition, ...] = (  # settings with which Terraform forgets an object and destroys nothing
    ("skip_destroy", frozenset({"true"})),
    ("deletion_policy", frozenset({"ABANDON"})),
)


class Protector(NamedTuple):
    """A type of resource that protects others.

    Attributes:
        signal: the signal of its destruction.
        targets: paths of the attributes that name its target.
        noun: its name for readers.
        given: conditions on the object, one of which must hold for it to protect: a path and words.
        unless: conditions on the object, none of which may hold.
    """

    signal: str
    targets: tuple[str, ...]
    noun: str
    given: tuple[_Condition, ...] = ()
    unless: tuple[_Condition, ...] = ()

    def protects(self, before: object) -> bool:
        """Return whether a destroyed object of this type was active; True if nothing says otherwise."""
        if _stays(before) or any(words(before, steps_of(path)) & unwanted for path, unwanted in self.unless):
            return False
        found = [(words(before, steps_of(path)), wanted) for path, wanted in self.given]
        return not any(values for values, _ in found) or any(values & wanted for values, wanted in found)


@cache
def protectors() -> dict[str, Protector]:
    """Return the protectors by resource type."""
    lines = Path(__file__).with_name("protectors.tsv").read_text(encoding="utf-8").splitlines()
    rows = (line.split("\t") for line in lines[1:])
    return {
        kind: Protector(signal, tuple(filter(None, target.split("|"))), noun, *map(tuple, _conditions(given)))
        for kind, signal, target, noun, given in rows
    }


def _conditions(text: str) -> tuple[list[_Condition], list[_Condition]]:
    given: list[_Condition] = []
    unless: list[_Condition] = []
    for condition in filter(None, text.split(";")):
        path, _, wanted = condition.partition("=")
        found = unless if path.endswith("!") else given
        found.append((path.removesuffix("!"), frozenset(wanted.split("|"))))
    return given, unless


def unprotected(subject: Subject) -> Iterator[Found]:
    """Yield the destruction of a protector; the caller knows that its target stays."""
    found = protectors().get(subject.type)
    if subject.action is Action.DESTROY and found is not None and found.protects(subject.before):
        stays = "" if found.signal == "alerting_silenced" else ", and what it covers stays"  # what it watches may not
        yield Found(found.signal, f"{found.noun} is destroyed{stays}")


def armed(subject: Subject) -> Iterator[Found]:
    """Yield resources with data that are destroyed without a last copy."""
    before = subject.before
    if subject.action in _GOES and isinstance(before, dict) and stateful_kind(subject.type) and not _stays(before):
        for name, outcome in _ARMED.items():
            if before.get(name) is True:
                yield Found("destroyed_without_snapshot", f"{name} is set: {outcome}", name)


def left(subject: Subject) -> Iterator[Found]:
    """Yield resources with data that are forgotten instead of destroyed, because of a setting."""
    if subject.action in _GOES and (kind := stateful_kind(subject.type)) and (setting := _stays(subject.before)):
        reason = f"{setting} is set: a {kind} goes on to exist, and is no longer managed"
        yield Found("left_management", reason, setting)


def _stays(before: object) -> str:
    """The setting with which Terraform destroys nothing; empty where there is none."""
    return next((path for path, wanted in _STAYS if words(before, steps_of(path)) & wanted), "")


def may_be_armed(before: bytes) -> bool:
    """Return whether :func:`armed` or :func:`left` may apply, from the object's JSON."""
    return any(f'"{name}"'.encode() in before for name in (*_ARMED, *(path for path, _ in _STAYS)))
