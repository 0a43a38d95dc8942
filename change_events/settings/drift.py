"""The key ``drift`` of ``tfevent.yaml``: drift that is known and not reported, each mistake with its place."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from change_events.settings.drift_rules import IgnoreRule
from change_events.settings.entry_text import text_of
from change_events.settings.values import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from change_events.settings.model import Entry

HELP = "Drift checks: known drift that is not reported."
PARTS = {"ignore": "Drift that is not reported."}
RULE = {
    "address": "Glob of addresses; brackets stand for themselves.",
    "type": "Glob of resource types.",
    "attribute": "Glob of attribute paths, with everything below; without it, the whole resource is ignored.",
    "directory": "Glob of directories: absolute, or the end of a path.",
    "reason": "Why it is ignored.",
    "expires": "Last day on which the rule applies (YYYY-MM-DD).",
}
NEEDED = ("reason",)
_SELECTORS = ("address", "type", "attribute")


def read(entry: Entry, problems: list[str], known: Sequence[IgnoreRule] = ()) -> tuple[IgnoreRule, ...]:
    """The ignore rules of one file, after those of nearer files; ``problems`` takes a sentence for each mistake."""
    if not isinstance(entry.value, dict):
        problems.append(f"{entry.where}: drift: expected the key ignore under it")
        return tuple(known)
    for name, part in entry.value.items():
        if name not in PARTS:
            problems.append(f"{part.where}: drift.{name}: no such key{did_you_mean(name, PARTS)}")
    return (*known, *_rules(entry.value.get("ignore"), problems))


def holding(rules: Sequence[IgnoreRule]) -> list[IgnoreRule]:
    """The rules that apply today, in UTC."""
    today = datetime.now(UTC).date()
    return [rule for rule in rules if rule.expires is None or rule.expires >= today]


def expired(rules: Sequence[IgnoreRule]) -> list[str]:
    """A sentence for each rule that holds no longer."""
    today = datetime.now(UTC).date()
    return [
        f"{rule.where}: drift.ignore: the rule ({rule.reason}) expired on {rule.expires}: "
        "remove it, or set a later date"
        for rule in rules
        if rule.expires is not None and rule.expires < today
    ]


def _rules(entry: Entry | None, problems: list[str]) -> Iterator[IgnoreRule]:
    if entry is None or entry.value is None:
        return
    if not isinstance(entry.value, list):
        problems.append(f"{entry.where}: drift.ignore: expected a list; each item has {', '.join(RULE)}")
        return
    for item in entry.value:
        if not isinstance(item.value, dict):
            problems.append(f"{item.where}: drift.ignore: expected the keys {', '.join(RULE)} under each item")
        elif wrong := list(_mistakes(item.value, item.where)):
            problems += wrong
        else:
            yield _rule(item.value, item.where)


def _mistakes(given: Mapping[str, Entry], where: str) -> Iterator[str]:
    for name, child in given.items():
        if name not in RULE:
            yield f"{child.where}: drift.ignore.{name}: no such key{did_you_mean(name, RULE)}"
        elif not text_of(child):
            yield f"{child.where}: drift.ignore.{name}: expected a text"
    for name in NEEDED:
        if name not in given:
            yield f"{where}: drift.ignore: {name} is missing: {RULE[name][0].lower()}{RULE[name][1:]}"
    if not any(name in given for name in _SELECTORS):
        yield f"{where}: drift.ignore: expected at least one of {', '.join(_SELECTORS)}"
    if (day := given.get("expires")) is not None and _day(day) is None:
        yield f"{day.where}: drift.ignore.expires: expected a date, such as 2027-03-31"


def _rule(given: Mapping[str, Entry], where: str) -> IgnoreRule:
    texts = {
        name: text_of(given[name]) for name in ("reason", "address", "type", "attribute", "directory") if name in given
    }
    expires = _day(given["expires"]) if "expires" in given else None
    return IgnoreRule(**texts, expires=expires, where=where)


def _day(entry: Entry) -> date | None:
    try:
        return date.fromisoformat(text_of(entry))
    except ValueError:
        return None
