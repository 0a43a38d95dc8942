"""Events that other programs hand over: redacted before anything else, then cut, or refused with the place."""

import pytest

from change_events.errors import InputError
from change_events.model import Kind, Outcome
from change_events.recording.ingest import LONGEST_TEXT, event_of
from change_events.redact import MARK, Redactor

SECRET = "correct-horse-battery"


def document(secrets=(), **event):
    return {"api": 1, "secrets": list(secrets), "event": {"kind": "infrastructure", "phase": "applied", **event}}


def test_what_is_missing_is_filled_in():
    event = event_of(document(outcome="succeeded"), Redactor())
    assert (event.kind, event.outcome, event.title) == (Kind.INFRASTRUCTURE, Outcome.SUCCEEDED, "")
    assert event.id[14] == "7"
    assert event.started_at.tzinfo is not None


def test_named_secrets_are_hidden_wherever_they_turn_up():
    task = {"failures": [{"host": "web1", "error": f"login with {SECRET} failed"}], "things": [f"/srv/{SECRET}"]}
    given = document(
        [SECRET],
        title=f"t {SECRET}",
        changes=[{"address": f"Say {SECRET}", "action": "change", "task": task}],
        data={"note": SECRET, "password": "hunter2-hunter2"},
    )
    event = event_of(given, Redactor())
    assert SECRET not in str(event)
    assert event.changes[0].address == f"Say {MARK}"
    assert "hunter2" not in str(event)


def test_texts_of_a_class_of_their_own_are_taken_as_texts():
    class Tagged(str):
        __slots__ = ()

    event = event_of(document(title=Tagged("t"), data={Tagged("a"): [Tagged("b")]}), Redactor())
    assert (event.title, event.data) == ("t", {"a": ["b"]})
    assert type(event.title) is str


def test_a_secret_at_the_edge_of_a_cut_is_not_reported_by_half():
    padding = "x" * (LONGEST_TEXT - 10)
    given = document([SECRET], changes=[{"address": f"{padding}{SECRET}{padding}", "action": "change"}])
    (change,) = event_of(given, Redactor()).changes
    assert len(change.address) == LONGEST_TEXT
    assert SECRET[:4] not in change.address


def test_message_and_data_have_limits_of_their_own():
    long = "m" * (LONGEST_TEXT * 2)
    event = event_of(document(message=long, data={"report": long}), Redactor())
    assert (event.message, event.data["report"]) == (long, long)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"event": {}}, "api: this tfevent reads version 1, not None; use the collection"),
        ({"api": 2, "event": {}}, "not 2; use the collection and the package of one release"),
        ({"api": 1, "event": {"kind": "nonsense", "phase": "applied"}}, r"event: .*nonsense.*\$\.kind"),
        ({"api": 1, "event": {"phase": "applied"}}, "event: .*kind"),
        ({"api": 1, "event": {"kind": "build", "phase": "applied", "changes": [{"action": "change"}]}},
         r"address.*\$\.changes\[0\]"),
    ],
)  # fmt: skip
def test_what_is_no_event_is_refused_with_its_place(given, message):
    with pytest.raises(InputError, match=message):
        event_of(given, Redactor())
