"""ServiceNow, Jira and Azure Monitor: records that are found again, states, issues, hostile texts, credentials."""

from __future__ import annotations

import json
import time

import pytest
from msgspec.structs import replace

from change_events.delivery.sender import Effort, send_event
from change_events.delivery.transport import open_transport
from change_events.destinations import get
from change_events.destinations.base import DestinationSettings, OptionError, Result
from change_events.destinations.shared.issue_keys import issue_keys
from change_events.destinations.shared.preview import preview
from change_events.model import Commit, Kind, Link, Outcome, Severity, Vcs
from change_events.routing import destinations, refusal
from change_events.settings import Settings
from tests.destinations.backends import jira as fake_jira
from tests.destinations.backends import servicenow as fake
from tests.destinations.kit.backend import SECRET, Backend, Refused, answer, backend
from tests.destinations.kit.events import event
from tests.support.sealed import sealed

HOSTILE = "{noformat} [~admin] [code]<script>alert(1)</script>[/code] @bob !https://evil.example/x! h1. {color:red}"
ENDED = {"outcome": Outcome.SUCCEEDED}
RUNNING = {"outcome": None, "ended_at": None}


def server_of(kind, accept):
    """A server whose answers ``accept`` gives; what it does not know is answered by the fake backend."""

    def answering(received):
        found = accept(received)
        return backend(kind).accept(received) if found is None else found

    return Backend(options=backend(kind).options, accept=answering, answers=(), refusal=backend(kind).refusal).serve()


def delivered(kind, accept, made, handle=None, attempts=1, **more):
    """The verdict, and the method, path and JSON of each request."""
    with server_of(kind, accept) as server:
        settings = DestinationSettings(kind, kind, backend(kind).options(server.url) | more)
        with open_transport(settings) as transport:
            verdict = send_event(settings, transport, made, Effort(time.monotonic() + 60, attempts), handle)
        asked = [(one.method, one.path.partition("?")[0], one.body and one.json()) for one in server.received]
    return verdict, asked


class Change:
    """A change request as an instance keeps it."""

    def __init__(self, state="-5", refuse="", *, there=True):
        self.state, self.refuse, self.there = state, refuse, there

    def __call__(self, received):
        if received.method == "GET":
            found = [{"sys_id": fake.SYS_ID, "state": self.state}] if self.there else []
            return answer(200, {"result": found})
        fields = received.json()
        if fields.get("state") == self.refuse != "":
            raise Refused(403, "Invalid update")
        self.state = fields.get("state", self.state)
        if received.method == "PATCH" and not self.there:
            raise Refused(404, "No Record found")
        self.there = True
        return answer(
            201 if received.method == "POST" else 200, {"result": {"sys_id": fake.SYS_ID, "state": self.state}}
        )


class TestServiceNow:
    RECORD = f"{fake.TABLE}/{fake.SYS_ID}"

    def test_a_record_that_is_there_is_updated_and_not_repeated(self):
        verdict, asked = delivered("servicenow", Change(), sealed(1))
        assert (verdict.result, verdict.handle) == (Result.DELIVERED, fake.SYS_ID)
        assert [(method, path) for method, path, _ in asked] == [("GET", fake.TABLE), ("PATCH", self.RECORD)]

    def test_the_end_updates_what_the_start_created(self):
        change = Change(there=False)
        started, _ = delivered("servicenow", change, sealed(1, **RUNNING))
        verdict, asked = delivered("servicenow", change, sealed(1), started.handle)
        assert verdict.result is Result.DELIVERED
        assert [(method, path) for method, path, _ in asked] == [("PATCH", self.RECORD)]
        assert {"work_start", "work_end"} <= set(asked[0][2])

    def test_a_record_that_somebody_deleted_is_created_again(self):
        verdict, asked = delivered("servicenow", Change(there=False), sealed(1), fake.SYS_ID)
        assert verdict.result is Result.DELIVERED
        assert [method for method, _, _ in asked] == ["PATCH", "POST"]

    @pytest.mark.parametrize(
        ("state", "fields", "moves"),
        [
            ("-5", RUNNING, ["-2", "-1"]),
            ("-1", RUNNING, []),
            ("-1", ENDED, ["0", "3"]),
            ("-5", ENDED, ["-2", "-1", "0", "3"]),
            ("0", ENDED, ["3"]),
            ("3", ENDED, []),
            ("4", ENDED, []),
            ("unheard of", ENDED, []),
        ],
    )
    def test_it_is_moved_through_its_states(self, state, fields, moves):
        verdict, asked = delivered("servicenow", Change(state), sealed(1, **fields), close="yes")
        assert verdict.result is Result.DELIVERED
        assert [body["state"] for _, _, body in asked if body and "state" in body] == moves

    @pytest.mark.parametrize(
        ("outcome", "code"),
        [
            (Outcome.SUCCEEDED, "successful"),
            (Outcome.PARTIAL, "successful_issues"),
            (Outcome.FAILED, "unsuccessful"),
            (Outcome.CANCELLED, "unsuccessful"),
            (Outcome.UNKNOWN, "unsuccessful"),
        ],
    )
    def test_it_is_closed_with_its_outcome(self, outcome, code):
        _, asked = delivered("servicenow", Change("0"), sealed(1, outcome=outcome), close="yes")
        assert asked[-1][2]["close_code"] == code
        assert asked[-1][2]["close_notes"]

    def test_a_state_that_is_refused_leaves_a_note_and_parks_nothing(self):
        verdict, _ = delivered("servicenow", Change("-5", refuse="-1"), sealed(1), close="yes")
        assert (verdict.result, verdict.handle) == (Result.DELIVERED, fake.SYS_ID)
        assert "its state was not changed" in verdict.reason

    def test_no_journal_field_is_written(self):
        _, asked = delivered("servicenow", Change(), sealed(1, explicit=True, title="x", message=HOSTILE))
        assert not {"work_notes", "comments"} & set(asked[-1][2])

    @pytest.mark.parametrize(
        ("options", "wrong"),
        [
            ({"password": None}, "password"),
            ({"user": None}, "user"),
            ({"client_id": "x"}, "client_id"),
            ({"user": None, "client_id": "x"}, "client_secret"),
            ({"template": "../incident"}, "template"),
        ],
    )
    def test_options_that_do_not_go_together(self, options, wrong):
        given = backend("servicenow").options("https://acme.service-now.com") | options
        with pytest.raises(OptionError, match=f"^{wrong}: "):
            get("servicenow").render(sealed(1), given)


class Comments:
    """The comments of each issue that is there."""

    def __init__(self, *keys):
        self.of = {key: [] for key in keys}

    def __call__(self, received):
        *_, key, _comment = (part for part in received.path.partition("?")[0].split("/") if not part.isdigit())
        if key not in self.of:
            raise Refused(404, "Issue does not exist or you do not have permission to see it.")
        listed = self.of[key]
        if received.method == "GET":
            return answer(200, {"comments": listed})
        if received.method == "POST":
            listed.append({"id": str(100 + len(listed)), "body": received.json()["body"]})
            return answer(201, listed[-1])
        listed[0]["body"] = received.json()["body"]
        return answer(200, listed[0])


def naming(*keys, number=1, **fields):
    vcs = Vcs(commit="c0ffee1234" * 4, subject=f"{', '.join(keys)} Larger servers", branch="main")
    return sealed(number, **({"vcs": vcs} | fields))


class TestJira:
    @pytest.mark.parametrize("more", [{}, {"user": None}])
    def test_a_comment_is_changed_and_not_repeated(self, more):
        comments = Comments("OPS-7")
        for fields in (RUNNING, ENDED, ENDED):
            verdict, _ = delivered("jira", comments, naming("OPS-7", **fields), **more)
            assert verdict == replace(verdict, result=Result.DELIVERED, reason="")
        delivered("jira", comments, naming("OPS-7", number=2), **more)
        assert len(comments.of["OPS-7"]) == 2
        assert "succeeded" in json.dumps(comments.of["OPS-7"][0])

    def test_each_issue_gets_one_and_what_is_not_there_is_noted(self):
        comments = Comments("OPS-7", "WEB-1")
        verdict, _ = delivered("jira", comments, naming("OPS-7", "GONE-3", "WEB-1"))
        assert {key: len(found) for key, found in comments.of.items()} == {"OPS-7": 1, "WEB-1": 1}
        assert verdict.result is Result.DELIVERED
        assert "GONE-3" in verdict.reason

    def test_where_none_of_them_is_there_it_is_parked_with_what_to_do(self):
        verdict, _ = delivered("jira", Comments(), naming("GONE-3"))
        assert verdict.result is Result.PARK
        assert "GONE-3" in verdict.reason
        assert "`projects`" in verdict.reason

    @pytest.mark.parametrize("more", [{}, {"user": None}])
    def test_hostile_texts_stay_texts(self, more):
        """The fake backend reads the formats: it refuses what is no text, and what ends the block of text."""
        link = Link(title=HOSTILE, url="https://evil.example/|x]{noformat}[~admin")
        for fields in ({"title": HOSTILE}, {"explicit": True, "message": HOSTILE}, {"links": (link,)}):
            verdict, asked = delivered("jira", lambda _: None, naming("OPS-7", **fields), **more)
            assert verdict.result is Result.DELIVERED, verdict.reason
            assert len(asked) == 2

    @pytest.mark.parametrize(
        ("text", "projects", "found"),
        [
            ("OPS-7: larger", "", ["OPS-7"]),
            ("feature/OPS-7-larger", "", ["OPS-7"]),
            ("[OPS-7] (WEB-12), OPS-7", "", ["OPS-7", "WEB-12"]),
            ("UTF-8 SHA-256 ISO-8601 CVE-2024-1234 RFC-9110", "", []),
            ("ops-7 Ops-7 XOPS-7a O-7 OPS-07 OPS-0 A1_B-3", "", ["A1_B-3"]),
            ("x-OPS-7 _OPS-7", "", []),
            ("OPS-7 WEB-1", "web", ["WEB-1"]),
            ("UTF-8", "UTF", ["UTF-8"]),
        ],
    )
    def test_issue_keys(self, text, projects, found):
        assert issue_keys(sealed(1, vcs=Vcs(subject=text)).event, projects) == found

    def test_where_they_are_looked_for(self):
        vcs = Vcs(branch="A1-1", subject="B1-1", commits=(Commit(id="c0ffee1234", subject="C1-1", author="x"),))
        link = Link(title="D1-1", url="https://acme.atlassian.net/browse/E1-1")
        made = sealed(1, vcs=vcs, links=(link,), message="F1-1").event
        assert sorted(issue_keys(made)) == ["A1-1", "B1-1", "C1-1", "D1-1", "E1-1"]
        assert "F1-1" in issue_keys(replace(made, explicit=True))

    def test_an_event_without_an_issue_is_not_routed_there(self):
        options = backend("jira").options("https://acme.atlassian.net")
        settings = Settings(destinations=(DestinationSettings("tickets", "jira", options),))
        assert destinations(naming("OPS-7").event, settings) == ["tickets"]
        assert destinations(sealed(1).event, settings) == []
        assert "name a Jira issue" in refusal(sealed(1).event, settings.destinations[0], settings)

    def test_a_deployment_is_one_whatever_is_sent_of_it_first(self):
        started, ended, again = (self.deployment(naming("OPS-7", **fields)) for fields in (RUNNING, ENDED, ENDED))
        key = "deploymentSequenceNumber"
        assert started[key] == ended[key]
        assert started["updateSequenceNumber"] < ended["updateSequenceNumber"] == again["updateSequenceNumber"]
        assert (started["state"], ended["state"]) == ("in_progress", "successful")

    def test_an_end_in_the_same_moment_replaces_the_start(self):
        moment = sealed(1).event.started_at
        started, ended = (
            self.deployment(naming("OPS-7", **fields)) for fields in (RUNNING, ENDED | {"ended_at": moment})
        )
        assert started["updateSequenceNumber"] < ended["updateSequenceNumber"]

    @pytest.mark.parametrize(
        ("environment", "kind"),
        [
            ("prod-eu", "production"),
            ("Staging", "staging"),
            ("qa", "testing"),
            ("dev", "development"),
            ("x", "unmapped"),
        ],
    )
    def test_environments_have_a_type(self, environment, kind):
        made = self.deployment(naming("OPS-7", environment=environment))
        assert made["environment"] == {"id": environment, "displayName": environment, "type": kind}

    def deployment(self, made):
        options = fake_jira.OAUTH | {"url": "https://acme.atlassian.net"}
        return json.loads(get("jira").render(made, options).body)["deployments"][0]

    def test_only_deployments_are_deployments(self):
        options = fake_jira.OAUTH | {"url": "https://acme.atlassian.net"}
        asked = get("jira").inapplicable
        assert asked(naming("OPS-7", kind=Kind.DEPLOYMENT).event, options) is None
        assert asked(naming("OPS-7", kind=Kind.BUILD).event, options) == "it is not a deployment"
        assert "page to link to" in asked(naming("OPS-7").event, options | {"url": None})


class TestAzureMonitor:
    OPTIONS = backend("azuremonitor").options("https://proxy.example")

    def test_the_metadata_service_is_asked_without_a_proxy(self):
        token = get("azuremonitor").render(event("tiny"), {"resource": self.OPTIONS["resource"]}).token
        assert token.direct
        assert token.url.startswith("http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01")
        assert token.headers["Metadata"] == "true"

    @pytest.mark.parametrize(
        ("cloud", "management", "login"),
        [
            ("public", "https://management.azure.com", "https://login.microsoftonline.com"),
            ("usgovernment", "https://management.usgovcloudapi.net", "https://login.microsoftonline.us"),
            ("china", "https://management.chinacloudapi.cn", "https://login.chinacloudapi.cn"),
        ],
    )
    def test_clouds(self, cloud, management, login):
        secret = {"tenant_id": "t", "client_id": "c", "client_secret": "ä+ /s3cret"}
        options = {"resource": self.OPTIONS["resource"], "cloud": cloud, **secret}
        made = get("azuremonitor").render(event("tiny"), options)
        assert made.url.startswith(f"{management}/subscriptions/")
        assert made.token.url == f"{login}/t/oauth2/v2.0/token"
        shown = preview(made.token)
        assert "s3cret" not in shown
        assert "(hidden)" in shown

    @pytest.mark.parametrize(
        ("options", "wrong"),
        [
            ({"resource": "/subscriptions/1/resourceGroups/2"}, "resource"),
            ({"resource": "https://evil.example/subscriptions/x"}, "resource"),
            ({"client_secret": SECRET, "tenant_id": "t"}, "client_id"),
            ({"client_secret": SECRET, "client_id": "c"}, "tenant_id"),
            ({"tenant_id": "t"}, "client_secret"),
        ],
    )
    def test_options_that_do_not_go_together(self, options, wrong):
        with pytest.raises(OptionError, match=f"^{wrong}: "):
            get("azuremonitor").render(event("tiny"), self.OPTIONS | options)

    def test_start_and_end_are_the_same_annotation(self):
        made = [
            json.loads(get("azuremonitor").render(sealed(1, **fields), self.OPTIONS).body)
            for fields in (RUNNING, ENDED)
        ]
        assert made[0]["Id"] == made[1]["Id"] == sealed(1).event.id

    def test_tags_do_not_decide_how_it_ended(self):
        tags = {"Label": "Success", "outcome": "succeeded", "team": "core"}
        made = sealed(1, outcome=Outcome.FAILED, severity=Severity.ERROR, tags=tags)
        found = json.loads(json.loads(get("azuremonitor").render(made, self.OPTIONS).body)["Properties"])
        assert (found["Label"], found["outcome"], found["team"]) == ("Error", "failed", "core")
        assert (found["tag.Label"], found["tag.outcome"]) == ("Success", "succeeded")


class Lost:
    """Takes what it is sent, and of the first that makes something the answer is lost."""

    def __init__(self, taken):
        self.taken, self.lost = taken, False

    def __call__(self, received):
        given = self.taken(received)
        if received.method == "POST" and not self.lost:
            self.lost = True
            return answer(503, "the gateway has lost the answer")
        return given


@pytest.mark.parametrize(
    ("kind", "taken", "made"),
    [
        ("servicenow", Change(there=False), sealed(1)),
        ("jira", Comments("OPS-7"), naming("OPS-7")),
    ],
)
def test_nothing_is_made_twice_where_an_answer_is_lost(kind, taken, made, monkeypatch):
    monkeypatch.setattr("change_events.delivery.sender._FIRST_PAUSE", 0.001)
    verdict, asked = delivered(kind, Lost(taken), made, attempts=3)
    assert verdict.result is Result.DELIVERED
    assert [method for method, _, _ in asked] == ["GET", "POST", "GET", "PATCH" if kind == "servicenow" else "PUT"]
