"""The key ``drift`` of ``tfevent.yaml``: known drift that is not reported."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from change_events.settings import rule_items
from change_events.settings.drift_rules import IgnoreRule
from change_events.settings.rule_items import EXPIRES, Items, day_of, text_of
from change_events.settings.values import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

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
_IGNORED = Items("drift.ignore", RULE, NEEDED)


def read(entry: Entry, problems: list[str], known: Sequence[IgnoreRule] = ()) -> tuple[IgnoreRule, ...]:
    """Return the ignore rules of one file, after those of nearer files; ``problems`` takes a sentence per mistake."""
    if not isinstance(entry.value, dict):
        problems.append(f"{entry.where}: drift: expected the key ignore under it")
        return tuple(known)
    for name, part in entry.value.items():
        if name not in PARTS:
            problems.append(f"{part.where}: drift.{name}: no such key{did_you_mean(name, PARTS)}")
    return (*known, *_rules(entry.value.get("ignore"), problems))


def holding(rules: Sequence[IgnoreRule]) -> list[IgnoreRule]:
    """Return the rules that apply today, in UTC."""
    today = datetime.now(UTC).date()
    return [rule for rule in rules if rule.expires is None or rule.expires >= today]


def expired(rules: Sequence[IgnoreRule]) -> list[str]:
    """Return a sentence for each expired rule."""
    return rule_items.expired(_IGNORED.name, rules, lambda _: "the rule")


def _rules(entry: Entry | None, problems: list[str]) -> Iterator[IgnoreRule]:
    for given, where in _IGNORED.read(entry, problems):
        if not any(name in given for name in _SELECTORS):
            problems.append(f"{where}: {_IGNORED.name}: expected at least one of {', '.join(_SELECTORS)}")
            continue
        texts = {name: text_of(child) for name, child in given.items() if name != EXPIRES}
        yield IgnoreRule(**texts, expires=day_of(given.get(EXPIRES)), where=where)
