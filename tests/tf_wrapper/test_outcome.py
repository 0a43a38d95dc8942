"""What became of each planned change, joined from plan, stream, exit code and state: plain data in, plain data out."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from change_events.model import (
    Action,
    Change,
    ChangeEvent,
    ChangeOutcome,
    CheckResult,
    Counts,
    Drift,
    Kind,
    Outcome,
    Phase,
    Plan,
    Tool,
)
from change_events.redact import Redactor
from tf_wrapper.record import outcome
from tf_wrapper.render.findings import PlanError
from tf_wrapper.stream.reader import read_stream

A, B = "terraform_data.a", "terraform_data.b"
ACTION = "action.x.y"
TYPE = "terraform_data"


def event(*changes):
    return ChangeEvent(
        id="0",
        kind=Kind.INFRASTRUCTURE,
        phase=Phase.APPLIED,
        started_at=datetime(2026, 11, 24, tzinfo=UTC),
        title="",
        tool=Tool(name="terraform"),
        changes=tuple(changes),
    )


def change(address=A, action=Action.CREATE, **fields):
    kind, _, name = address.rpartition("[")[0].rpartition(".") if "[" in address else address.rpartition(".")
    return Change(address=address, action=action, type=kind.rpartition(".")[2], name=name, **fields)


def plan(*changes, **fields):
    from tf_wrapper.stream.match import count

    return Plan(changes=changes, counts=count(changes), **fields)


# -- terraform's messages, as it writes them ------------------------------------------------------------------------


def line(kind, **fields):
    return json.dumps({"@level": "info", "@message": "", "@timestamp": "2026-11-24T03:00:00Z", "type": kind, **fields})


def hook(kind, action="create", address=A, **fields):
    resource = {"addr": address, "resource_type": TYPE, "resource_name": address.rpartition(".")[2]}
    return line(kind, hook={"resource": resource, "action": action, "elapsed_seconds": 2, **fields})


def start(action="create", address=A, **fields):
    return hook("apply_start", action, address, **fields)


def complete(action="create", address=A, id_="i-1"):
    return hook("apply_complete", action, address, id_key="id", id_value=id_)


def errored(action="create", address=A):
    return hook("apply_errored", action, address)


def done(action="create", address=A):
    return [start(action, address), complete(action, address)]


def error(summary="It broke", address=A, **fields):
    return line("diagnostic", diagnostic={"severity": "error", "summary": summary, "address": address, **fields})


def failing(action="create", address=A):
    return [start(action, address), errored(action, address), error(address=address)]


def finished(**counts):
    return line("change_summary", changes={"operation": "apply", "add": 0, "change": 0, "remove": 0, **counts})


def stream(*lines):
    flat = [part for item in lines for part in (item if isinstance(item, list) else [item])]
    return read_stream([f"{part}\n".encode() for part in flat])


INTERRUPT = line("log", **{"@message": "\nInterrupt received.\nPlease wait for Terraform to exit\n"})


def applied(changes, *lines, code=0, interrupted=False, known=True):
    """The event of an apply of these changes with this stream."""
    meant = plan(*changes) if known else None
    started = outcome.planned(event(), meant) if meant else event(*changes)
    return outcome.of_apply(started, meant, code, stream(*lines), Redactor(), interrupted=interrupted)


def results(ended):
    return [item.outcome.value for item in ended.changes]


# -- one change -----------------------------------------------------------------------------------------------------

REPLACE = change(action=Action.REPLACE)
CREATE_FIRST = change(action=Action.REPLACE, create_before_destroy=True)
BROKE = "It broke"
NOT_AGAIN = "destroyed, and not created again"
NOT_AGAIN_BUT = f"{NOT_AGAIN}\n{BROKE}"
TAINTED = f"created, but a provisioner failed: it is tainted\n{BROKE}"
OLD_LEFT = "created again, and the old one not destroyed"
TABLE = [
    ("created", change(), [done()], 0, "applied", None),
    ("create failed", change(), [start(), errored(), error()], 1, "failed", BROKE),
    ("create never begun", change(), [error(address=B)], 1, "not_attempted", None),
    ("create without an end", change(), [start()], 1, "unknown", None),
    ("a provisioner failed", change(), [start(), hook("provision_errored"), errored(), error()], 1, "failed", TAINTED),
    ("a provisioner failed, as it may", change(), [start(), hook("provision_errored"), complete()], 0, "applied", None),
    ("updated", change(action=Action.UPDATE), [done("update")], 0, "applied", None),
    ("destroyed", change(action=Action.DESTROY), [done("delete")], 0, "applied", None),
    ("destroy failed", change(action=Action.DESTROY), failing("delete"), 1, "failed", BROKE),
    ("read failed", change(action=Action.READ, mode="data"), failing("read"), 1, "failed", BROKE),
    ("replaced", REPLACE, [done("delete"), done()], 0, "applied", None),
    ("gone, create failed", REPLACE, [done("delete"), start(), errored(), error()], 1, "failed", NOT_AGAIN_BUT),
    ("gone, create never begun", REPLACE, [done("delete"), error(address=B)], 1, "failed", NOT_AGAIN),
    ("gone, create without an end", REPLACE, [done("delete"), start()], 1, "unknown", None),
    ("replace: destroy failed", REPLACE, failing("delete"), 1, "failed", BROKE),
    ("replace never begun", REPLACE, [error(address=B)], 1, "not_attempted", None),
    ("replaced, new one first", CREATE_FIRST, [done(), done("delete")], 0, "applied", None),
    ("new one failed", CREATE_FIRST, [start(), errored(), error()], 1, "failed", BROKE),
    ("new one made, old one never begun", CREATE_FIRST, [done(), error(address=B)], 1, "failed", OLD_LEFT),
    ("new one made, old one stays", CREATE_FIRST, [done(), *failing("delete")], 1, "failed", BROKE),
    ("a condition failed before", change(), [error("Condition failed")], 1, "failed", "Condition failed"),
    ("a condition failed after", change(), [done(), error("Condition failed")], 1, "applied", None),
]  # fmt: skip


@pytest.mark.parametrize(
    ("planned", "lines", "code", "expected", "note"), [row[1:] for row in TABLE], ids=[r[0] for r in TABLE]
)
def test_one_change(planned, lines, code, expected, note):
    ended = applied([planned], *lines, code=code)
    [found] = ended.changes
    said = "\n".join(text for text in (found.note, found.error) if text) or None
    assert (found.outcome.value, said) == (expected, note)
    assert ended.outcome is (
        Outcome.SUCCEEDED if code == 0 else Outcome.PARTIAL if expected == "applied" else Outcome.FAILED
    )
    assert getattr(ended.summary.outcomes, expected) == 1
    assert ended.tool.exit_code == code


def test_a_replacement_keeps_the_new_id_and_the_time_of_both_halves():
    [found] = applied([REPLACE], start("delete"), complete("delete", id_="old"), start(), complete(id_="new")).changes
    assert (found.id, found.duration) == ("new", 4.0)


def test_the_error_of_one_resource_is_not_that_of_another():
    ended = applied(
        [change(A), change(B)], done(address=A), start(address=B), errored(address=B), error(address=B), code=1
    )
    assert results(ended) == ["applied", "failed"]
    assert [item.error for item in ended.changes] == [None, "It broke"]
    assert ended.outcome is Outcome.PARTIAL


# -- conditions name a block, and no address ------------------------------------------------------------------------


def condition(context, file="main.tf"):
    at = {"filename": file, "start": {"line": 4}}
    return error("Resource precondition failed", address="", range=at, snippet={"context": context})


@pytest.mark.parametrize(
    ("addresses", "context", "lines", "expected"),
    [
        ([A], 'resource "terraform_data" "a"', [], ["failed"]),
        ([A, B], 'resource "terraform_data" "a"', [], ["failed", "not_attempted"]),
        ([A], 'data "terraform_data" "a"', [], ["not_attempted"]),
        ([A], 'output "a"', [], ["not_attempted"]),
        ([A], None, [], ["not_attempted"]),
        ([f"{A}[0]", f"{A}[1]"], 'resource "terraform_data" "a"', [], ["not_attempted"] * 2),
        ([f"{A}[0]", f"{A}[1]"], 'resource "terraform_data" "a"', done(address=f"{A}[0]"), ["applied", "failed"]),
    ],
)
def test_a_condition_counts_for_the_only_resource_that_it_can_mean(addresses, context, lines, expected):
    ended = applied([change(address) for address in addresses], lines, condition(context), code=1)
    assert results(ended) == expected
    assert len(ended.failures) == 1


# -- deposed objects ------------------------------------------------------------------------------------------------


def invocation(kind, resource, place=0, **fields):
    lifecycle = {
        "resource": {"addr": resource},
        "trigger_index": 0,
        "actions_index": place,
        "trigger_event": "AfterCreate",
    }
    return line(kind, hook={"action": {"addr": ACTION}, "lifecycle": lifecycle, **fields})


REFUSED = "Refused: by the server"
INVOCATIONS = (
    *(invocation("action_start", resource, place) for resource, place in ((A, 0), (A, 1), (B, 0))),
    invocation("action_complete", A, 0),
    invocation("action_errored", A, 1, error=REFUSED),
    error("Error when invoking action", None, detail=REFUSED, snippet={"context": f'resource "{TYPE}" "b"'}),
)


def triggered(resource, place):
    from tf_wrapper.stream.identity import Identity
    from tf_wrapper.stream.trigger import Trigger

    trigger = Trigger("AfterCreate", resource, 0, place)
    return change(ACTION, Action.INVOKE, mode="action", reason=trigger.words), Identity(ACTION, trigger=trigger)


def test_each_invocation_of_an_action_has_its_own_outcome_and_error():
    pairs = [triggered(A, 0), triggered(A, 1), triggered(B, 0), triggered(B, 1)]
    changes = [change for change, _ in pairs]
    ended = outcome.of_apply(
        event(*changes),
        plan(*changes),
        1,
        stream(*INVOCATIONS),
        Redactor(),
        interrupted=False,
        identities=[identity for _, identity in pairs],
    )
    assert results(ended) == ["applied", "failed", "unknown", "not_attempted"]
    assert [one.error for one in ended.changes] == [None, REFUSED, None, None]
    assert [(one.address, one.summary) for one in ended.failures] == [(ACTION, "Error when invoking action")]


def test_of_a_record_alone_the_reason_says_which_invocation_it_is():
    changes = [triggered(A, 0)[0], triggered(B, 0)[0]]
    lines = (*INVOCATIONS[:1], *INVOCATIONS[2:4], invocation("action_errored", B, error=REFUSED))
    ended = outcome.of_apply(event(*changes), plan(*changes), 1, stream(*lines), Redactor(), interrupted=False)
    assert results(ended) == ["applied", "failed"]


def test_the_error_of_an_action_is_not_that_of_the_resource_that_triggers_it():
    resource, (before, identity) = change(B), triggered(B, 0)
    lines = (invocation("action_start", B), invocation("action_errored", B, error=REFUSED), INVOCATIONS[-1])
    ended = outcome.of_apply(
        event(resource, before),
        plan(resource, before),
        1,
        stream(*lines),
        Redactor(),
        interrupted=False,
        identities=[_identity_of(resource), identity],
    )
    assert results(ended) == ["not_attempted", "failed"]


def test_without_a_plan_the_invocations_that_were_begun_are_known_and_no_detail_of_their_errors():
    ended = outcome.of_apply(event(), None, 1, stream(*INVOCATIONS), Redactor(), interrupted=False)
    assert [(one.action, one.reason) for one in ended.changes] == [
        (Action.INVOKE, f"triggered by after_create of {resource}") for resource in (A, A, B)
    ]
    assert results(ended) == ["applied", "failed", "unknown"]
    assert "server" not in repr(ended)


def _identity_of(resource):
    from tf_wrapper.stream.identity import Identity

    return Identity(resource.address, type=resource.type, name=resource.name)


def test_a_deposed_object_beside_a_change_of_the_same_address():
    deposed = change(action=Action.DESTROY, deposed="1a2b3c4d")
    ended = applied([change(action=Action.UPDATE), deposed], done("delete"), done("update"))
    assert results(ended) == ["applied", "applied"]
    assert (ended.summary.applied.update, ended.summary.applied.destroy) == (1, 1)


def test_a_deposed_object_that_stays_is_not_reported_as_the_update_that_was_done():
    deposed = change(action=Action.DESTROY, deposed="1a2b3c4d")
    lines = [done("update"), start("delete"), errored("delete"), error()]
    ended = applied([change(action=Action.UPDATE), deposed], *lines, code=1)
    assert results(ended) == ["applied", "failed"]


# -- what terraform does without a word -----------------------------------------------------------------------------

SILENT = [Action.FORGET, Action.MOVE, Action.IMPORT]


@pytest.mark.parametrize("action", SILENT)
def test_what_is_done_silently_is_done_when_all_is(action):
    assert results(applied([change(action=action)])) == ["applied"]


def state(*addresses, tainted=()):
    resources = []
    for address in addresses:
        kind, name = address.split(".")
        instance = {"schema_version": 0, "attributes": {"id": "i-1"}}
        if address in tainted:
            instance["status"] = "tainted"
        provider = 'provider["terraform.io/builtin/terraform"]'
        resources.append({"mode": "managed", "type": kind, "name": name, "provider": provider, "instances": [instance]})
    return json.dumps(
        {
            "version": 4,
            "terraform_version": "1.11.4",
            "serial": 1,
            "lineage": "x",
            "outputs": {},
            "resources": resources,
        }
    ).encode()


@pytest.mark.parametrize(
    ("action", "held", "expected"),
    [
        (Action.FORGET, [], "applied"),
        (Action.FORGET, [A], "unknown"),
        (Action.IMPORT, [A], "applied"),
        (Action.IMPORT, [], "unknown"),
        (Action.MOVE, [A], "applied"),
        (Action.MOVE, [B], "unknown"),
    ],
)
def test_what_is_done_silently_on_a_failed_run_is_settled_by_the_state(action, held, expected):
    ended = applied([change(action=action)], error(address=B), code=1)
    assert results(ended) == ["unknown"]
    assert outcome.has_open_ends(ended)
    settled = outcome.with_state(ended, state(*held), Redactor())
    assert results(settled) == [expected]
    assert settled.outcome is (Outcome.PARTIAL if expected == "applied" else Outcome.FAILED)
    assert settled.summary.outcomes.unknown == (expected == "unknown")


@pytest.mark.parametrize(
    ("action", "held", "tainted", "expected"),
    [
        (Action.CREATE, [A], [], "applied"),
        (Action.CREATE, [A], [A], "unknown"),
        (Action.CREATE, [], [], "unknown"),
        (Action.DESTROY, [], [], "applied"),
        (Action.DESTROY, [A], [], "unknown"),
        (Action.UPDATE, [A], [], "unknown"),
        (Action.REPLACE, [A], [], "unknown"),
    ],
)
def test_what_the_stream_leaves_open_is_settled_by_the_state(action, held, tainted, expected):
    word = {Action.DESTROY: "delete", Action.REPLACE: "delete"}.get(action, action.value)
    ended = applied([change(action=action)], start(word), code=1)
    assert results(ended) == ["unknown"]
    assert results(outcome.with_state(ended, state(*held, tainted=tainted), Redactor())) == [expected]


def test_without_a_state_what_is_open_stays_open():
    ended = applied([change()], start(), code=1)
    assert outcome.with_state(ended, None, Redactor()) == ended
    assert outcome.with_state(ended, b"", Redactor()) == ended


def test_the_state_never_overrules_the_stream():
    ended = applied([change(A), change(B)], start(), errored(), error(), code=1)
    assert results(outcome.with_state(ended, state(A, B), Redactor())) == ["failed", "not_attempted"]


# -- the run --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("by", ["us", "the stream"])
def test_interrupted(by):
    lines = [done(), start(address=B), errored(address=B), *([INTERRUPT] if by == "the stream" else [])]
    ended = applied([change(A), change(B), change("terraform_data.c")], *lines, code=1, interrupted=by == "us")
    assert ended.outcome is Outcome.CANCELLED
    assert results(ended) == ["applied", "failed", "not_attempted"]


def test_an_interrupt_that_came_too_late_changes_nothing():
    assert applied([change()], done(), code=0, interrupted=True).outcome is Outcome.SUCCEEDED


def test_nobody_saw_it_end_but_its_own_summary_came():
    ended = applied([change(), change(B)], done(), done(address=B), finished(add=2), code=None)
    assert (ended.outcome, results(ended), ended.tool.exit_code) == (Outcome.SUCCEEDED, ["applied"] * 2, None)


def test_nobody_saw_it_end_and_the_stream_breaks_off():
    ended = applied([change(), change(B), change("terraform_data.c")], done(), start(address=B), code=None)
    assert ended.outcome is Outcome.UNKNOWN
    assert results(ended) == ["applied", "unknown", "unknown"]
    assert outcome.has_open_ends(ended)


def test_nobody_saw_it_end_and_it_had_failed():
    ended = applied([change(), change(B)], done(), start(address=B), errored(address=B), error(address=B), code=None)
    assert (ended.outcome, results(ended)) == (Outcome.PARTIAL, ["applied", "failed"])


def test_killed_before_it_said_anything():
    ended = applied([change()], code=None)
    assert (ended.outcome, results(ended)) == (Outcome.UNKNOWN, ["unknown"])
    assert ended.summary.applied is None


def test_an_error_before_anything_was_begun():
    ended = applied([change(), change(B)], error("Saved plan is stale", address=""), code=1)
    assert (ended.outcome, results(ended)) == (Outcome.FAILED, ["not_attempted"] * 2)
    assert [failure.summary for failure in ended.failures] == ["Saved plan is stale"]
    assert ended.summary.applied is None


def test_a_terraform_that_was_killed_leaves_open_what_it_had_not_reported():
    ended = applied([change(), change(B)], done(address=B), start(), code=-9)
    assert (ended.outcome, results(ended)) == (Outcome.UNKNOWN, ["unknown", "applied"])


def test_nothing_was_planned_and_nothing_done():
    assert applied([], finished()).outcome is Outcome.NO_CHANGE


def test_a_run_that_only_reads_changes_nothing():
    ended = applied([change(action=Action.READ, mode="data")], done("read"), finished())
    assert (ended.outcome, results(ended)) == (Outcome.NO_CHANGE, ["applied"])


def test_a_warning_is_no_failure():
    warning = line("diagnostic", diagnostic={"severity": "warning", "summary": "Deprecated", "address": A})
    ended = applied([change()], done(), warning)
    assert (ended.outcome, ended.failures) == (Outcome.SUCCEEDED, ())


@pytest.mark.parametrize(("changes", "expected"), [(True, Outcome.SUCCEEDED), (False, Outcome.NO_CHANGE)])
def test_a_plan_that_changes_something_and_cannot_be_read_is_not_without_changes(changes, expected):
    """Outputs alone have changed: the stream of the apply does not name them as changes."""
    ended = outcome.of_apply(event(), None, 0, stream(done()), Redactor(), interrupted=False, changes_planned=changes)
    assert ended.outcome is expected


def test_without_a_plan_the_stream_says_what_was_meant_and_no_detail_is_kept():
    resource = {"addr": A, "module": "", "resource_type": TYPE, "resource_name": "a"}
    meant = line("planned_change", change={"resource": resource, "action": "remove"})
    created = line("planned_change", change={"resource": resource | {"addr": B}, "action": "create"})
    lines = [meant, created, start(address=B), errored(address=B), error(address=B, detail="the password is x")]
    ended = outcome.of_apply(event(), None, 1, stream(*lines), Redactor(), interrupted=False)
    assert [(item.address, item.action, item.outcome.value) for item in ended.changes] == [
        (A, Action.FORGET, "unknown"),
        (B, Action.CREATE, "failed"),
    ]
    assert (ended.summary.counts.forget, ended.summary.counts.create) == (1, 1)
    assert "password" not in ended.failures[0].detail


def test_two_hundred_resources():
    addresses = [f"{A}[{number}]" for number in range(200)]
    lines = [done(address=address) for address in addresses[:120]]
    lines += [failing(address=address) for address in addresses[120:150]]
    ended = applied([change(address) for address in addresses], *lines, code=1)
    counts = ended.summary.outcomes
    assert (counts.applied, counts.failed, counts.not_attempted, counts.unknown) == (120, 30, 50, 0)
    assert ended.summary.counts.create == 200
    assert ended.summary.applied == Counts(create=120)
    assert ended.outcome is Outcome.PARTIAL


# -- commands that never applied, and plans -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("interrupted", "declined", "expected"),
    [(False, True, Outcome.DECLINED), (True, False, Outcome.CANCELLED), (False, False, Outcome.FAILED)],
)
def test_what_never_came_to_applying(interrupted, declined, expected):
    meant = plan(change())
    started = outcome.planned(event(), meant)
    ended = outcome.without_apply(started, meant, 1, interrupted=interrupted, declined=declined)
    assert (ended.outcome, results(ended)) == (expected, ["not_attempted"])


def test_the_errors_of_a_plan():
    error = PlanError(summary="It broke", detail="here", address=A, file="main.tf", line=3)
    other = PlanError(summary="No", file="main.tf", line=4)
    failures = outcome.plan_failures([error, other, error], Redactor(), details=True)
    assert [(one.summary, one.detail, one.address, one.line) for one in failures] == [
        ("It broke", "here", A, 3),
        ("No", None, None, 4),
    ]
    failures = outcome.plan_failures([error, other], Redactor(), details=False)
    assert [(one.summary, one.address, one.line) for one in failures] == [
        ("The plan failed", A, 3),
        ("The plan failed", None, 4),
    ]
    assert all("left out" in one.detail for one in failures)


@pytest.mark.parametrize(
    ("meant", "code", "expected"),
    [
        (plan(change()), 0, Outcome.SUCCEEDED),
        (plan(change()), 2, Outcome.SUCCEEDED),
        (plan(), 0, Outcome.NO_CHANGE),
        (plan(change(action=Action.NO_OP)), 0, Outcome.NO_CHANGE),
        (plan(drift=(Drift(address=A, action=Action.UPDATE),)), 2, Outcome.SUCCEEDED),
        (plan(errored=True), 0, Outcome.FAILED),
        (plan(change()), 1, Outcome.FAILED),
        (None, 1, Outcome.FAILED),
        (None, -2, Outcome.CANCELLED),
    ],
)  # fmt: skip
def test_a_plan(meant, code, expected):
    started = outcome.planned(event(), meant) if meant else event()
    ended = outcome.of_plan(started, meant, code)
    assert (ended.outcome, ended.tool.exit_code) == (expected, code)
    assert {item.outcome for item in ended.changes} <= {ChangeOutcome.PLANNED}


@pytest.mark.parametrize(
    ("code", "planned", "result", "run"),
    [
        (0, False, "applied", Outcome.SUCCEEDED),
        (1, False, "applied", Outcome.PARTIAL),
        (0, True, "applied", Outcome.SUCCEEDED),
        (1, True, "unknown", Outcome.FAILED),
    ],
)
def test_a_native_run(code, planned, result, run):
    ended = outcome.of_native(event(), plan(change()), code, planned=planned, interrupted=False)
    assert (results(ended), ended.outcome) == ([result], run)


@pytest.mark.parametrize(("code", "expected"), [(0, Outcome.UNKNOWN), (1, Outcome.FAILED), (None, Outcome.UNKNOWN)])
def test_a_native_run_of_which_nothing_is_known(code, expected):
    assert outcome.of_native(event(), None, code, planned=False, interrupted=False).outcome is expected


# -- whatever a stream says -----------------------------------------------------------------------------------------

_LINES = st.sampled_from([
    *(start(), complete(), errored(), error(), start("delete"), complete("delete"), errored("delete")),
    *(start(address=B), complete(address=B), error(address=B), INTERRUPT, finished(), "no json", "{}"),
])  # fmt: skip


@given(
    st.lists(_LINES, max_size=12),
    st.sampled_from([None, 0, 1, -9]),
    st.lists(st.sampled_from([change(), change(B), REPLACE, change(B, Action.FORGET)]), unique_by=lambda c: c.address),
)
def test_every_change_has_one_outcome_and_the_figures_add_up(lines, code, planned):
    ended = applied(planned, *lines, code=code)
    counts = ended.summary.outcomes
    assert counts.applied + counts.failed + counts.not_attempted + counts.unknown == len(planned)
    assert ChangeOutcome.PLANNED not in {item.outcome for item in ended.changes}
    if code == 0:
        assert ended.outcome in {Outcome.SUCCEEDED, Outcome.NO_CHANGE}
    if code == 1:
        assert ended.outcome in {Outcome.PARTIAL, Outcome.FAILED, Outcome.CANCELLED}
    if code == -9:
        assert ended.outcome not in {Outcome.SUCCEEDED, Outcome.NO_CHANGE}


# -- joining what is redacted with what is not ------------------------------------------------------------------------


def hiding(*secrets):
    redactor = Redactor()
    for secret in secrets:
        redactor.remember(secret)
    return redactor


def joined(planned, *lines, code, redactor):
    meant = plan(*planned)
    started = outcome.planned(event(), meant)
    return outcome.of_apply(started, meant, code, stream(*lines), redactor, interrupted=False)


def test_a_redacted_address_is_joined_with_the_raw_one_of_the_stream():
    raw, redactor = f"{TYPE}.billingapp", hiding("billingapp")
    planned = [change(redactor.text(raw), Action.DESTROY), change(B)]
    ended = joined(
        planned, done("delete", raw), start(address=B), errored(address=B), error(address=B), code=1, redactor=redactor
    )
    assert (ended.outcome, results(ended)) == (Outcome.PARTIAL, ["applied", "failed"])


def test_addresses_that_redaction_made_one_are_not_distinguished():
    redactor = hiding("first-customer", "other-customer")
    one, two = f'{TYPE}.x["first-customer"]', f'{TYPE}.x["other-customer"]'
    planned = [change(redactor.text(one)), change(redactor.text(two))]
    assert planned[0].address == planned[1].address
    ended = joined(
        planned,
        done(address=one),
        start(address=two),
        errored(address=two),
        error(address=B),
        code=1,
        redactor=redactor,
    )
    assert results(ended) == ["unknown", "unknown"]


def test_a_redacted_address_is_found_in_the_state():
    raw, redactor = f"{TYPE}.billingapp", hiding("billingapp")
    ended = joined([change(redactor.text(raw), Action.FORGET)], error(address=B), code=1, redactor=redactor)
    assert results(ended) == ["unknown"]
    assert results(outcome.with_state(ended, state(raw), redactor)) == ["unknown"], "it is still there"
    assert results(outcome.with_state(ended, state(B), redactor)) == ["applied"]


def test_the_id_distinguishes_a_deposed_object_from_the_current_one():
    planned = [change(action=Action.REPLACE, id="now"), change(action=Action.DESTROY, deposed="1a2b3c4d", id="old")]
    gone = [hook("apply_start", "delete", id_key="id", id_value="old"), complete("delete", id_="old")]
    ended = applied(planned, *gone, error(address=B), code=1)
    assert results(ended) == ["not_attempted", "applied"]
    broken = [hook("apply_start", "delete", id_key="id", id_value="now"), complete("delete", id_="now"), *failing()]
    ended = applied(planned, *broken, code=1)
    assert results(ended) == ["failed", "not_attempted"]


def test_a_replaced_resource_has_the_new_objects_id():
    ended = applied([CREATE_FIRST], start(), complete(id_="new"), start("delete"), complete("delete", id_="old"))
    assert ended.changes[0].id == "new"


def test_a_finished_apply_reports_its_own_checks():
    planned = event()
    unknown = CheckResult(address="check.health", status="unknown")
    context = {"snippet": {"context": 'check "health"', "code": "", "start_line": 1}}
    warning = line(
        "diagnostic",
        diagnostic={"severity": "warning", "summary": "Check block assertion failed", "detail": "down", **context},
    )
    meant = plan(change(), checks=(unknown, CheckResult(address="check.other", status="unknown")))
    started = outcome.planned(planned, meant)
    ended = outcome.of_apply(started, meant, 0, stream(*done(), warning, finished()), Redactor(), interrupted=False)
    assert ended.checks == (CheckResult(address="check.health", status="fail", problems=("down",)),)


def test_the_same_error_is_reported_once():
    ended = applied([change()], error("execution halted", None), error("execution halted", None), code=1)
    assert len(ended.failures) == 1


@pytest.mark.parametrize(("complete", "expected"), [(False, True), (True, False), (None, False)])
def test_a_partial_plan_is_reported(complete, expected):
    assert outcome.planned(event(), plan(change(), complete=complete)).partial is expected


def test_a_plan_that_only_defers_is_not_empty():
    assert outcome.is_empty(Counts())
    assert not outcome.is_empty(Counts(deferred=1))
