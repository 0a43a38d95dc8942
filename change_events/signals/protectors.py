"""Rule: what protects by being there is destroyed, while what it protects stays.

The types are data. Columns of ``protectors.tsv``: resource type, signal, attributes that name what is protected
(between ``|``; none where that is the account or the organization), what to call it, and conditions between ``;``: of
those of the form ``path=word|word`` one must have held, those of the form ``path!=word|word`` all.

Types and attributes, and what the end of an object does where that is documented, were checked against the
documentation and the schemas of the providers on 2026-11-30.
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
        signal: that its end is.
        targets: paths of the attributes that name what it protects.
        noun: what to call it.
        given: conditions on the object, one of which must hold for it to protect: a path and words.
        unless: conditions on the object, none of which may hold.
    """

    signal: str
    targets: tuple[str, ...]
    noun: str
    given: tuple[_Condition, ...] = ()
    unless: tuple[_Condition, ...] = ()

    def protects(self, before: object) -> bool:
        """Whether an object of this type, whole, was switched on and goes; True where nothing says that it was not."""
        if _stays(before) or any(words(before, steps_of(path)) & unwanted for path, unwanted in self.unless):
            return False
        found = [(words(before, steps_of(path)), wanted) for path, wanted in self.given]
        return not any(values for values, _ in found) or any(values & wanted for values, wanted in found)


@cache
def protectors() -> dict[str, Protector]:
    """By resource type."""
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
    """That a protector is destroyed; whether what it protected stays has to be known by then."""
    found = protectors().get(subject.type)
    if subject.action is Action.DESTROY and found is not None and found.protects(subject.before):
        stays = "" if found.signal == "alerting_silenced" else ", and what it covers stays"  # what it watches may not
        yield Found(found.signal, f"{found.noun} is destroyed{stays}")


def armed(subject: Subject) -> Iterator[Found]:
    """That something which holds data goes without a last copy."""
    before = subject.before
    if subject.action in _GOES and isinstance(before, dict) and stateful_kind(subject.type) and not _stays(before):
        for name, outcome in _ARMED.items():
            if before.get(name) is True:
                yield Found("destroyed_without_snapshot", f"{name} is set: {outcome}", name)


def left(subject: Subject) -> Iterator[Found]:
    """That something which holds data is forgotten in place of destroyed, as a setting of its own asks for."""
    if subject.action in _GOES and (kind := stateful_kind(subject.type)) and (setting := _stays(subject.before)):
        reason = f"{setting} is set: a {kind} goes on to exist, and is no longer managed"
        yield Found("left_management", reason, setting)


def _stays(before: object) -> str:
    """The setting with which Terraform destroys nothing; empty where there is none."""
    return next((path for path, wanted in _STAYS if words(before, steps_of(path)) & wanted), "")


def may_be_armed(before: bytes) -> bool:
    """A necessary condition of :func:`armed` and :func:`left` on the JSON of the object as it is."""
    return any(f'"{name}"'.encode() in before for name in (*_ARMED, *(path for path, _ in _STAYS)))
