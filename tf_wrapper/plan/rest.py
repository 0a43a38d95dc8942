"""Reads outputs, checks and action invocations of a plan."""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from change_events.diff import decode_exact, has_true
from change_events.diff.equality import leaves
from change_events.diff.walk import Node
from change_events.model import Action, Change, CheckResult, OutputChange, Value, ValueKind
from change_events.text.lazy_pattern import lazy_pattern
from tf_wrapper.plan.actions import Tally, action_of
from tf_wrapper.plan.resources import compare
from tf_wrapper.stream.identity import Identity
from tf_wrapper.stream.trigger import Trigger

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import msgspec

    from tf_wrapper.plan.document import Body, Check, CheckInstance, Condition, DeferredInvocation, Invocation
    from tf_wrapper.plan.reading import Reading


_OWN_KEY = lazy_pattern(r"\[(?:\d+|\"(?:[^\"\\]|\\.)*\")\]$")
_KNOWN_LATER = "(known after apply)"


def read_outputs(outputs: Mapping[str, Body], tally: Tally, reading: Reading) -> list[OutputChange]:
    """Return the changed outputs of `output_changes`."""
    found = []
    for name, body in outputs.items():
        action = action_of(body.actions or ())
        if action is Action.NO_OP:
            continue
        sensitive = has_true(_decoded(body.before_sensitive)) or has_true(_decoded(body.after_sensitive))
        before = _value(name, _decoded(body.before), reading, sensitive)
        after = _planned(name, _decoded(body.after), _decoded(body.after_unknown), reading, sensitive)
        found.append(OutputChange(name=reading.names.text(name), action=action, before=before, after=after))
    tally.add("outputs", len(found))
    return found


def _value(name: str, value: Any, reading: Reading, sensitive: bool) -> Value:
    if value is None:
        return Value(kind=ValueKind.ABSENT)
    shown: Value = reading.redactor.value((name,), value, sensitive=sensitive)
    return shown


def _planned(name: str, value: Any, unknown: Any, reading: Reading, sensitive: bool) -> Value:
    """Return the value of an output after the run; a partly unknown value shows its known parts."""
    if not has_true(unknown):
        return _value(name, value, reading, sensitive)
    if sensitive or unknown is True or not leaves(value):
        return Value(kind=ValueKind.UNKNOWN)
    return _value(name, _filled(value, unknown), reading, sensitive)


def _filled(value: Any, unknown: Any) -> Any:
    """Insert terraform's placeholder for unknown values, where terraform omits a key or writes null."""
    if unknown is True:
        return _KNOWN_LATER
    if isinstance(unknown, dict) and isinstance(value, dict):
        gaps = {key: _filled(value.get(key), mask) for key, mask in unknown.items() if has_true(mask)}
        return {key: gaps.get(key, value.get(key)) for key in sorted(value.keys() | gaps.keys())}
    if isinstance(unknown, list) and isinstance(value, list):
        return [_filled(part, mask) for part, mask in zip_longest(value, unknown)]
    return _KNOWN_LATER if value is None and has_true(unknown) else value


def read_checks(checks: Sequence[Check], conditions: Sequence[Condition], reading: Reading) -> list[CheckResult]:
    """Return the checks that did not pass; Terraform 1.2 has `condition_results` instead of `checks`."""
    results = [result for check in checks for result in _check(check, reading)]
    for condition in conditions:
        status = "unknown" if condition.unknown else "pass" if condition.result else "fail"
        if status != "pass":
            problems = (reading.redactor.text(condition.error_message),) if condition.error_message else ()
            results.append(CheckResult(address=reading.names.text(condition.address), status=status, problems=problems))
    return results


def _check(check: Check, reading: Reading) -> Iterator[CheckResult]:
    """Yield the failing instances of one check, or the check itself if it has none."""
    parts: Sequence[CheckInstance] = check.instances or [check]
    for part in parts:
        if part.status == "pass":
            continue
        address = part.address or check.address
        yield CheckResult(
            address=reading.names.text((address.to_display if address else None) or ""),
            status=reading.names.text(part.status or "unknown"),
            problems=tuple(
                reading.redactor.text(problem.message) for problem in part.problems or () if problem.message
            ),
        )


def read_invocations(
    invocations: Sequence[Invocation], deferred: Sequence[DeferredInvocation], tally: Tally, reading: Reading
) -> list[Change]:
    """Return action invocations as changes; deferred ones are counted as deferred only."""
    tally.add("invoke", len(invocations))
    tally.add("deferred", len(deferred))
    entries: list[tuple[Invocation, str | None]] = [(entry, None) for entry in invocations]
    entries += [(entry.action_invocation, entry.reason or "unknown") for entry in deferred]
    return [
        _invocation(entry, reading, reason, detailed=index < reading.detailed)
        for index, (entry, reason) in enumerate(entries)
    ]


def _invocation(entry: Invocation, reading: Reading, deferred: str | None, *, detailed: bool) -> Change:
    names = reading.names
    trigger = _trigger(entry)
    reading.identify(Identity(entry.address, type=entry.type, name=entry.name, trigger=trigger))
    change = Change(
        address=names.text(entry.address),
        action=Action.INVOKE,
        mode="action",
        type=names.maybe(entry.type),
        name=names.maybe(entry.name),
        module=names.maybe(_module(entry)),
        provider=names.maybe(entry.provider_name),
        reason=names.maybe(trigger.words if trigger else None),
        deferred=names.maybe(deferred),
        attributes_compared=detailed,
    )
    if not detailed:
        return change
    attributes, omitted = compare(_configuration(entry), reading)
    return replace(change, attributes=tuple(attributes), attributes_omitted=omitted)


def _module(entry: Invocation) -> str | None:
    """Return the module instance of an action, which is only part of its address."""
    path, found, _ = _OWN_KEY.sub("", entry.address or "").rpartition(f".action.{entry.type}.{entry.name}")
    return path if found else None


def _configuration(entry: Invocation) -> Node:
    """Return the configuration of an invocation, as attributes that are set."""
    masks = (_decoded(entry.config_unknown), False, _decoded(entry.config_sensitive))
    return Node(None, _decoded(entry.config_values), *masks)


def _trigger(entry: Invocation) -> Trigger | None:
    given = entry.lifecycle_action_trigger
    if given is None:
        return Trigger() if bytes(entry.invoke_action_trigger) else None
    return Trigger(
        given.action_trigger_event,
        given.triggering_resource_address,
        given.action_trigger_block_index,
        given.actions_list_index,
    )


def _decoded(raw: msgspec.Raw) -> Any:
    return decode_exact(raw) if bytes(raw) else None
