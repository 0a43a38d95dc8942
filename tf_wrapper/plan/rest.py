"""What a plan says beside its resources: outputs, checks and action invocations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from change_events.diff import decode_exact, has_true
from change_events.model import Action, Change, CheckResult, OutputChange, Value, ValueKind
from tf_wrapper.plan.actions import Tally, action_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import msgspec

    from tf_wrapper.plan.document import Body
    from tf_wrapper.plan.resources import Reading


def read_outputs(outputs: Mapping[str, Body], tally: Tally, reading: Reading) -> list[OutputChange]:
    """Turn `output_changes` into output changes; what stays is left out."""
    found = []
    for name, body in outputs.items():
        action = action_of(body.actions or ())
        if action is Action.NO_OP:
            continue
        sensitive = has_true(_decoded(body.before_sensitive)) or has_true(_decoded(body.after_sensitive))
        before = _value(name, _decoded(body.before), reading, sensitive)
        after = _value(name, _decoded(body.after), reading, sensitive)
        if has_true(_decoded(body.after_unknown)):
            after = Value(kind=ValueKind.UNKNOWN)
        found.append(OutputChange(name=reading.names.text(name), action=action, before=before, after=after))
    tally.add("outputs", len(found))
    return found


def _value(name: str, value: Any, reading: Reading, sensitive: bool) -> Value:
    if value is None:
        return Value(kind=ValueKind.ABSENT)
    shown: Value = reading.redactor.value((name,), value, sensitive=sensitive)
    return shown


def read_checks(checks: msgspec.Raw, condition_results: msgspec.Raw, reading: Reading) -> list[CheckResult]:
    """Return the checks that did not pass; Terraform 1.2 had `condition_results` instead of `checks`."""
    found = [result for check in _objects(checks) for result in _check(check, reading)]
    for condition in _objects(condition_results):
        status = "unknown" if condition.get("unknown") else "pass" if condition.get("result") else "fail"
        if status != "pass":
            problem = condition.get("error_message")
            problems = (reading.redactor.text(problem),) if isinstance(problem, str) and problem else ()
            address = reading.names.text(str(condition.get("address", "")))
            found.append(CheckResult(address=address, status=status, problems=problems))
    return found


def _check(check: dict[str, Any], reading: Reading) -> Iterator[CheckResult]:
    """Yield the failing instances of one check, or the check itself where it has none."""
    instances = [instance for instance in check.get("instances") or () if isinstance(instance, dict)]
    for part in instances or [check]:
        status = part.get("status", "unknown")
        if status == "pass":
            continue
        address = (part.get("address") or check.get("address") or {}).get("to_display", "")
        problems = [problem.get("message") for problem in part.get("problems") or () if isinstance(problem, dict)]
        yield CheckResult(
            address=reading.names.text(str(address)),
            status=reading.names.text(str(status)),
            problems=tuple(reading.redactor.text(text) for text in problems if isinstance(text, str)),
        )


def read_invocations(invocations: msgspec.Raw, deferred: msgspec.Raw, tally: Tally, reading: Reading) -> list[Change]:
    """Turn action invocations into changes; deferred ones are listed and not counted."""
    found = [_invocation(entry, reading, None) for entry in _objects(invocations)]
    tally.add("invoke", len(found))
    for entry in _objects(deferred):
        inner = entry.get("action_invocation")
        if isinstance(inner, dict):
            found.append(_invocation(inner, reading, str(entry.get("reason") or "unknown")))
    return found


def _invocation(entry: dict[str, Any], reading: Reading, deferred: str | None) -> Change:
    names = reading.names
    return Change(
        address=names.text(str(entry.get("address", ""))),
        action=Action.INVOKE,
        mode="action",
        type=names.maybe(entry.get("type")),
        name=names.maybe(entry.get("name")),
        provider=names.maybe(entry.get("provider_name")),
        reason=names.maybe(_trigger(entry)),
        deferred=names.maybe(deferred),
    )


def _trigger(entry: dict[str, Any]) -> str | None:
    """Say what sets an action off: an event of a resource, or the command line."""
    trigger = entry.get("lifecycle_action_trigger")
    if isinstance(trigger, dict):
        words = (trigger.get("action_trigger_event"), trigger.get("triggering_resource_address"))
        return " of ".join(word for word in words if isinstance(word, str)) or None
    return "invoked by -invoke" if "invoke_action_trigger" in entry else None


def _objects(raw: msgspec.Raw) -> list[dict[str, Any]]:
    decoded = _decoded(raw)
    return [entry for entry in decoded if isinstance(entry, dict)] if isinstance(decoded, list) else []


def _decoded(raw: msgspec.Raw) -> Any:
    return decode_exact(raw) if bytes(raw) else None
