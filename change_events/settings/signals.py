"""The key ``signals`` of ``tfevent.yaml``: the user's rules, mutes and ranks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from change_events.settings import rule_items
from change_events.settings.rule_items import EXPIRES, Items, day_of, text_of
from change_events.settings.values import did_you_mean
from change_events.text.lazy_pattern import lazy_pattern

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from change_events.settings.model import Entry
    from change_events.signals.own_rules import Mute, OwnRule, OwnRules

HELP = "Risk signals: rules of your own, mutes and severities."
PARTS = {
    "add": "Rules beside the built-in ones.",
    "mute": "Signals that are not reported.",
    "rank": "Severities by name of a signal: info, warning or error.",
}
RULE = {
    "signal": "Name: one of the built-in ones, or your own in lower case.",
    "type": "Glob of resource types.",
    "attribute": "Path of the attribute, without indices.",
    "change": "Forms of the change, such as `true->false`, `lower` or `removed`; ` or ` between several.",
    "given": "Conditions on the values after the change, such as `type=ingress`; one or a list.",
    "severity": "Severity of the signal, as under `rank`.",
    "reason": "Reason that the signal gives; made of the attribute and the change if it is missing.",
}
MUTE = {
    "signal": "Glob of names of signals.",
    "address": "Glob of addresses; brackets stand for themselves.",
    "type": "Glob of resource types.",
    "reason": "Why it is muted.",
    "expires": "Last day on which the mute applies (YYYY-MM-DD).",
}
NEEDED = {"add": ("signal", "type", "attribute", "change"), "mute": ("signal", "reason")}
_RULES = Items("signals.add", RULE, NEEDED["add"], several=("given",))
_MUTES = Items("signals.mute", MUTE, NEEDED["mute"])
_NAME = lazy_pattern(r"[a-z][a-z0-9_]{1,59}")


def read(entry: Entry, problems: list[str], known: OwnRules | None = None) -> OwnRules:
    """Return the rules of one file, added to those of nearer ones.

    Args:
        entry: the value of ``signals``.
        problems: takes a sentence for each mistake.
        known: those of nearer files, whose ranks take precedence.
    """
    from change_events.signals import own_rules  # its table is for those who have such settings

    before = known or own_rules.NONE
    if not isinstance(entry.value, dict):
        problems.append(f"{entry.where}: signals: expected the keys {', '.join(PARTS)} under it")
        return before
    for name, part in entry.value.items():
        if name not in PARTS:
            problems.append(f"{part.where}: signals.{name}: no such key{did_you_mean(name, PARTS)}")
    items = _RULES.read(entry.value.get("add"), problems)
    rules = tuple(rule for item in items if (rule := _rule(*item, problems)) is not None)
    names = {rule.row.signal for rule in (*rules, *before.rules)}
    mutes = tuple(_mute(*item) for item in _MUTES.read(entry.value.get("mute"), problems))
    problems += _unknown(mutes, names)
    ranks = {**_own_ranks(entry.value.get("add"), problems), **_ranks(entry.value.get("rank"), names, problems)}
    return own_rules.OwnRules((*before.rules, *rules), (*before.mutes, *mutes), {**ranks, **before.ranks})


def expired(rules: OwnRules) -> list[str]:
    """Return a sentence for each expired mute."""
    return rule_items.expired(_MUTES.name, rules.mutes, lambda mute: f"the mute of {mute.signal}")


def _rule(given: Mapping[str, Entry], where: str, problems: list[str]) -> OwnRule | None:
    from change_events.signals.forms import problem
    from change_events.signals.own_rules import OwnRule
    from change_events.signals.table import Row, steps_of

    name, path, forms = (
        text_of(given["signal"]),
        text_of(given["attribute"]),
        tuple(text_of(given["change"]).split(" or ")),
    )
    wrong = [
        *([] if _NAME.fullmatch(name) else ["signal: expected a name in lower case, with digits and _"]),
        *([] if steps_of(path) else ["attribute: expected names between dots"]),
        *(f"change: {text}" for form in forms if (text := problem(form))),
    ]
    problems += (f"{where}: signals.add.{text}" for text in wrong)
    if wrong:
        return None
    conditions = given.get("given")
    several = conditions.value if conditions is not None and isinstance(conditions.value, list) else [conditions]
    found = tuple(text for one in several if (text := text_of(one)))
    return OwnRule(text_of(given["type"]), Row(path, forms, found, name, own=True, reason=text_of(given.get("reason"))))


def _mute(given: Mapping[str, Entry], where: str) -> Mute:
    from change_events.signals.own_rules import Mute

    texts = {name: text_of(child) for name, child in given.items() if name != EXPIRES}
    return Mute(**texts, expires=day_of(given.get(EXPIRES)), where=where)


def _unknown(mutes: Iterable[Mute], names: set[str]) -> Iterable[str]:
    from fnmatch import fnmatchcase

    from change_events.signals.names import NAMES

    known = (*NAMES, *names)
    for mute in mutes:
        if not any(fnmatchcase(name, mute.signal) for name in known):
            yield f"{mute.where}: signals.mute.signal: no signal is named so{did_you_mean(mute.signal, known)}"


def _own_ranks(entry: Entry | None, problems: list[str]) -> dict[str, Any]:
    """Return the severities given with rules."""
    from change_events.model import Severity

    words = [one.value for one in Severity]
    ranks: dict[str, Severity] = {}
    items = entry.value if entry is not None and isinstance(entry.value, list) else []
    for rule in (item.value for item in items if isinstance(item.value, dict)):
        if (given := rule.get("severity")) is None:
            continue
        if text_of(given) in words:
            ranks[text_of(rule.get("signal"))] = Severity(text_of(given))
        else:
            problems.append(f"{given.where}: signals.add.severity: expected one of {', '.join(words)}")
    return ranks


def _ranks(entry: Entry | None, names: set[str], problems: list[str]) -> dict[str, Any]:
    from change_events.model import Severity
    from change_events.signals.names import NAMES

    if entry is None or entry.value is None:
        return {}
    if not isinstance(entry.value, dict):
        problems.append(f"{entry.where}: signals.rank: expected names of signals and a severity for each")
        return {}
    words, known = [one.value for one in Severity], (*NAMES, *names)
    ranks: dict[str, Severity] = {}
    for name, child in entry.value.items():
        if name not in known:
            problems.append(f"{child.where}: signals.rank.{name}: no such signal{did_you_mean(name, known)}")
        elif text_of(child) not in words:
            problems.append(f"{child.where}: signals.rank.{name}: expected one of {', '.join(words)}")
        else:
            ranks[name] = Severity(text_of(child))
    return ranks
