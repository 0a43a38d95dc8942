"""The last pass: no secret is in the sealed bytes, and they are an event still."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from change_events.model import (
    Action,
    AttributeChange,
    Change,
    ChangeEvent,
    Failure,
    Kind,
    Outcome,
    Phase,
    Stacks,
    StackUnit,
    Tool,
    UnitState,
    Value,
    ValueKind,
)
from change_events.redact import MARK, Redactor, unseal
from change_events.redact.harmless_values import is_fact
from change_events.redact.scrub_scope import vocabulary, words
from tests.support import secrets as planted
from tests.support.selection import examples

ROOT = Path(__file__).resolve().parents[2]


def event(**fields):
    given = {
        "id": "0193e4a0-1111-7222-8333-444455556666",
        "kind": Kind.INFRASTRUCTURE,
        "phase": Phase.APPLIED,
        "outcome": Outcome.SUCCEEDED,
        "started_at": datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC),
        "title": "prod: 1 created",
    }
    return ChangeEvent(**(given | fields))


@pytest.mark.parametrize("secret", planted.ALL)
def test_a_remembered_secret_is_in_no_form_in_the_sealed_bytes(secret):
    redactor = Redactor()
    redactor.remember(secret)
    spellings = [f"see {form} there" for form in planted.forms(secret)]
    sealed = redactor.seal(
        event(
            title=f"about {secret}",
            message="\n".join(spellings),
            failures=tuple(Failure(summary=spelling) for spelling in spellings),
            changes=(Change(address=f'a.b["{secret}"]', action=Action.CREATE, error=json.dumps(secret)),),
            tags={"k": secret, secret: "v"},
            data={"deep": [{"x": secret, secret: json.dumps({"y": secret})}]},
        )
    )
    planted.assert_nowhere([secret], sealed.body)
    assert msgspec.json.decode(sealed.body, type=ChangeEvent) == sealed.event


def test_a_harmless_event_is_sealed_as_it_is():
    change = AttributeChange(
        path="size", before=Value(kind=ValueKind.VALUE, text="1"), after=Value(kind=ValueKind.VALUE, text='"x"')
    )
    harmless = event(
        changes=(Change(address="aws_instance.a", action=Action.UPDATE, attributes=(change,)),),
        tool=Tool(name="terraform", command="terraform apply -auto-approve"),
        data={"count": 3, "ratio": 1.5, "flag": True, "nothing": None},
        message="**1 updated**: `aws_instance.a`\n\n- size: 1 → 2",
    )
    sealed = Redactor().seal(harmless)
    assert sealed.event == harmless
    assert sealed.body == msgspec.json.encode(harmless)


def test_a_remembered_number_leaves_the_data():
    redactor = Redactor()
    redactor.remember(123456789)
    assert redactor.seal(event(data={"n": 123456789, "m": 12})).event.data == {"n": MARK, "m": 12}


def test_names_hide_in_data_and_tags():
    sealed = Redactor().seal(
        event(tags={"api_key": "x1", "team": "a"}, data={"nested": {"db_password": 7, "use_token": True}})
    )
    assert sealed.event.tags == {"api_key": MARK, "team": "a"}
    assert sealed.event.data == {"nested": {"db_password": MARK, "use_token": True}}


@pytest.mark.parametrize(
    "word", ["succeeded", "infrastructure", "started_at", "2026-01-02", "0193e4a0", "schema_version"]
)
def test_a_secret_that_is_a_word_of_the_model_does_not_break_the_event(word):
    redactor = Redactor()
    redactor.remember(word)
    sealed = redactor.seal(event())
    assert (sealed.event.id, sealed.event.outcome) == (event().id, Outcome.SUCCEEDED)
    assert sealed.event.started_at == event().started_at


def test_lone_surrogates_do_not_stop_the_sealing():
    assert Redactor().seal(event(title="file \udcff", tags={"a": "\ud800"})).event.title == "file \ufffd"


def test_sealing_twice_changes_nothing_and_unseal_reads_it_back():
    redactor = Redactor()
    redactor.remember("planted-value")
    sealed = redactor.seal(event(title="x planted-value y password=abc"))
    assert redactor.seal(sealed.event) == sealed
    assert unseal(sealed.body) == sealed
    with pytest.raises(msgspec.DecodeError):
        unseal(b"{")


def test_only_the_last_pass_makes_a_sealed_event():
    makers = [
        path.relative_to(ROOT).as_posix()
        for folder in ("change_events", "tf_wrapper")
        for path in (ROOT / folder).rglob("*.py")
        if re.search(r"\bSealedEvent\(", path.read_text().replace("class SealedEvent(", ""))
    ]
    assert makers == ["change_events/redact/sealing.py"]


SECRETS = st.text(
    st.characters(min_codepoint=0x21, max_codepoint=0x17F, exclude_categories=("C", "Z")), min_size=12, max_size=30
).filter(lambda text: len(set(text)) > 4)
LEAVES = st.none() | st.booleans() | st.integers() | st.text(max_size=12)
DOCUMENTS = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
COPIES = [
    lambda secret: secret,
    json.dumps,
    lambda secret: json.dumps({"note": json.dumps({"note": secret})}),
    lambda secret: json.dumps(secret, ensure_ascii=False).replace("/", "\\/"),
    lambda secret: next(form for form in list(planted.forms(secret))[-2:]),
    lambda secret: secret.encode().hex(),
    lambda secret: __import__("urllib.parse").parse.quote(secret, safe=""),
    lambda secret: __import__("base64").b64encode(b"user:" + secret.encode()).decode(),
    lambda secret: __import__("base64").urlsafe_b64encode(b"x" + secret.encode() + b"yz").decode(),
]


@examples(300)
@given(
    secret=SECRETS,
    document=DOCUMENTS,
    where=st.sampled_from(["mask", "name", "string", "pair"]),
    copy=st.sampled_from(COPIES),
    around=st.tuples(st.text(max_size=10), st.text(max_size=10)),
)
@example(secret=planted.AWKWARD, document={"a": 1}, where="string", copy=COPIES[2], around=("", ""))
@example(secret="ELASTICSEARCH", document=None, where="mask", copy=COPIES[0], around=("", ""))  # a word, in capitals
@example(secret="SCRAM_SHA_256", document=None, where="string", copy=COPIES[0], around=("", ""))
@example(secret="cognito_user_pools", document=None, where="pair", copy=COPIES[0], around=("", ""))
def test_a_planted_secret_is_nowhere(secret, document, where, copy, around):
    assume(not any(secret in word for word in vocabulary()) and secret.lower() not in words())
    assume(not is_fact(secret, plain=True))  # `not_required` and `var.db_password` are shown as what they say
    redactor = Redactor()
    value = {
        "mask": {"v": document, "x": secret},
        "name": [document, {"db_password": secret}],
        "string": {"s": json.dumps({"deep": {"apiKey": secret, "d": document}})},
        "pair": {"env": [{"name": "API_TOKEN", "value": secret}, {"name": "X", "value": document}]},
    }[where]
    shown = redactor.value(("settings",), value, sensitive=where == "mask")
    text = around[0] + copy(secret) + around[1]
    change = Change(
        address="a.b",
        action=Action.UPDATE,
        attributes=(AttributeChange(path="settings", before=shown, after=redactor.value(("note",), text)),),
        error=redactor.text(text),
    )
    unscrubbed = Failure(summary=text.encode("utf-8", "replace").decode(), detail=secret)
    sealed = redactor.seal(event(changes=(change,), failures=(unscrubbed,)))
    planted.assert_nowhere([secret], sealed.body)
    assert msgspec.json.decode(sealed.body, type=ChangeEvent) == sealed.event
    assert redactor.seal(sealed.event).body == sealed.body


@pytest.mark.parametrize("place", ["db-password", "secrets", "prod/secret"])
@pytest.mark.parametrize(
    "figures",
    [
        "1 created",
        "2 replaced, 1 failed",
        "1 update planned",
        "state changed: 1 changed (backfilled)",
        "3 stacks, 1 changed",
        "no changes",
        "no changes planned",
        "declined",
        "partially failed",
        "1 created, outcome unknown",
        "2 updates under way",
        "cancelled before any change",
        "planning failed, incomplete: 1 create",
    ],
)
def test_figures_of_a_title_of_ours_are_not_the_value_of_its_place(place, figures):
    title = f"{place}: {figures}"
    sealed = Redactor().seal(event(title=title, stacks=Stacks(units=(StackUnit("a", UnitState.CHANGED, title=title),))))
    assert (sealed.event.title, sealed.event.stacks.units[0].title) == (title, title)


@pytest.mark.parametrize(
    "title",
    [
        "Drift in secrets: 1 resource drifted",
        "New drift in prod/db-password: 2 resources drifted, 1 resource no longer drifted",
        "Less drift in secrets: 3 resources no longer drifted",
    ],
)
def test_figures_of_a_drift_check_are_not_the_value_of_its_directory(title):
    check = event(title=title, explicit=True, kind=Kind.DRIFT)
    assert Redactor().seal(check).event.title == title
    other = msgspec.structs.replace(check, title=f"{title.partition(':')[0]}: hunter2-Zq resources drifted")
    assert "hunter2" not in Redactor().seal(other).event.title


def test_what_a_person_says_in_a_title_and_what_is_no_figure_is_hidden_as_ever():
    redactor = Redactor()
    redactor.remember("4711-Zq81")
    for fields in (
        {"title": "password: 1 created", "explicit": True},
        {"title": "password: Zq81-hunter"},
        {"title": "password: declined-Zq81"},
        {"title": "password: declined", "explicit": True},
        {"title": "password: 4711 xyz, 1 created"},
        {"title": "password: failed, password: 1 created"},
        {"title": "password=Zq82xx: 1 created"},
        {"title": "of 4711-Zq81 secret: 1 created"},
    ):
        title = redactor.seal(event(**fields)).event.title
        assert MARK in title
        assert not re.search("Zq8|4711", title)
    message = "**secrets: 1 created**\n\npassword: 1 created"
    assert redactor.seal(event(message=message)).event.message == message.replace("d: 1", f"d: {MARK}")
    assert redactor.seal(event(message=message, explicit=True)).event.message.count(MARK) == 2
