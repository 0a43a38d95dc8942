"""What every backend gets where it can show or filter it: version, hosts, pages, the sender's own words."""

from __future__ import annotations

import json
from email import message_from_bytes

import pytest
from msgspec.structs import replace

from change_events.destinations import get, kinds
from change_events.destinations.shared import mapping
from change_events.model import Actor, Ci, Cloud, Commit, HostCounts, HostRun, Kind, Link, Phase, TaskRun, Tool, Vcs
from change_events.summary.explicit_message import message, own_part, without_context, worded
from tests.destinations.kit.backend import backend
from tests.destinations.kit.events import event
from tests.support.sealed import sealed

OWN = "Raises the **limit** of uploads, see [OPS-7](https://tickets.example/7)"
PAGE = "https://github.com/acme/shop"
HERE = "https://backend.example"
COMMIT = "c0ffee1234" * 4
VCS = Vcs(
    repository="acme/shop",
    remote="github.com:acme/shop.git",
    url=PAGE,
    branch="main",
    commit=COMMIT,
    commit_url=f"{PAGE}/commit/{COMMIT}",
    subject="Larger uploads",
    commits=(Commit(id=COMMIT, subject="Larger uploads", author="Ann"),),
)
CI = Ci(
    system="GitHub Actions",
    run_url=f"{PAGE}/actions/runs/77/attempts/2",
    actor="ann",
    pull_request="17",
    pull_request_url=f"{PAGE}/pull/17",
    run_id="77",
    attempt="2",
)
RUN = Link(title="GitHub Actions run", url=f"{PAGE}/actions/runs/77/attempts/2")


def deployed(own=OWN, **more):
    """A deployment as the module or `events send` record it."""
    hosts = (
        HostRun(name="web-1", status="changed"),
        HostRun(name="web-2", status="changed"),
        HostRun(name="web-3", status="ok"),
    )
    given = {
        "kind": Kind.DEPLOYMENT, "explicit": True, "service": "shop", "version": "1.6.0", "vcs": VCS,
        "title": "shop 1.6.0 deployed", "actor": Actor(user="ci", host="runner-7", ci=CI), "links": (RUN,),
        "hosts": hosts, "tool": Tool(name="ansible", version="2.18"),
    }  # fmt: skip
    made = sealed(1, **(given | more)).event
    return sealed(1, **(given | more | {"message": message(replace(made, message=""), own, 8000)}))


def text(kind, made, variant=""):
    more = backend(kind).variants[variant]
    options = backend(kind).options(HERE) | (more(HERE) if callable(more) else more)
    body = get(kind).render(made, options).body
    return (body_of_mail(body) if get(kind).transport == "smtp" else body).decode()


def body_of_mail(message):
    """Its text without the breaks that quoted-printable makes in long lines."""
    return next(message_from_bytes(message).walk()).get_payload()[0].get_payload(decode=True)


# a status of a commit holds a title and no more, a deployment in Jira one line and an address
BY_KIND = [(kind, set(backend(kind).variants) - set(backend(kind).fixed)) for kind in kinds()]
BRIEF = {("jira", "deployment")}
VARIANTS = [
    (kind, variant) for kind, variants in BY_KIND for variant in sorted(variants) if (kind, variant) not in BRIEF
]
every_variant = pytest.mark.parametrize(("kind", "variant"), VARIANTS, ids=lambda part: part or "plain")


@pytest.mark.usefixtures("aws_credentials")
@every_variant
def test_each_is_reported_what_the_sender_says(kind, variant):
    shown = text(kind, deployed(), variant)
    assert "Raises the " in shown
    assert "limit" in shown
    assert "shop" in shown
    assert "acme/shop" in shown or kind == "honeycomb"  # which has a line of text and an address


@pytest.mark.usefixtures("aws_credentials")
@every_variant
def test_each_is_reported_which_hosts_were_changed(kind, variant):
    if kind == "honeycomb":
        pytest.skip("a marker has a line of text only")
    shown = text(kind, deployed(), variant)
    assert "web-1" in shown
    assert "web-2" in shown


@pytest.mark.usefixtures("aws_credentials")
@every_variant
def test_each_links_to_the_change_and_its_commit(kind, variant):
    if kind == "honeycomb":
        pytest.skip("a marker has one address, that of the run")
    shown = text(kind, deployed(), variant)
    assert f"{PAGE}/pull/17" in shown
    assert f"{PAGE}/commit/{COMMIT}" in shown
    assert f"{PAGE}/actions/runs/77/attempts/2" in shown


@pytest.mark.parametrize("kind", ["sematext", "datadog", "grafana"])
def test_tags_name_version_repository_change_and_hosts(kind):
    tags = json.loads(text(kind, deployed()))["tags"]
    assert {"version:1.6.0", "repo:acme/shop", "pr:17", "host:web-1", "host:web-2"} <= set(tags)
    assert "host:web-3" not in tags


def test_change_events_of_datadog_have_the_same_tags():
    tags = json.loads(text("datadog", event("updated"), "v2"))["data"]["attributes"]["tags"]
    assert {"repo:acme/infra", "pr:17"} <= set(tags)


def test_fields_that_a_version_and_hosts_have():
    made = deployed()
    assert json.loads(text("sematext", made))["tfevent.version"] == "1.6.0"
    assert json.loads(text("sematext", made))["tfevent.changed_hosts"] == "web-1, web-2"
    assert json.loads(text("pagerduty", made))["payload"]["custom_details"]["changed_hosts"] == ["web-1", "web-2"]
    assert json.loads(text("splunk", made))["event"]["changed_hosts"] == ["web-1", "web-2"]
    stored = json.loads(text("elasticsearch", made).splitlines()[1])
    assert stored["tfevent"]["changed_hosts"] == ["web-1", "web-2"]
    assert stored["service"]["version"] == "1.6.0"
    assert json.loads(text("dynatrace", made))["properties"]["changed_hosts"] == "web-1, web-2"
    change = json.loads(text("newrelic", made))["variables"]["event"]
    assert change["customAttributes"]["tfevent_changed_hosts"] == "web-1, web-2"
    (stream,) = json.loads(text("loki", made))["streams"]
    assert "web-1" not in json.dumps(stream["stream"]), "a label would make a stream of each host"
    assert stream["values"][0][2]["changed_hosts"] == "web-1, web-2"


def test_of_many_hosts_the_first_are_named_and_all_are_counted():
    hosts = tuple(HostRun(name=f"web-{n:03d}", status="failed" if n else "changed", changed=1) for n in range(300))
    made = sealed(1, hosts=hosts).event
    tags = mapping.tags(made)
    assert [tag for tag in tags if tag.startswith("host:")] == [f"host:web-{n:03d}" for n in range(20)]
    assert "hosts_changed:300" in tags
    assert mapping.details(made)["changed_hosts"].endswith("web-019 and 280 more")
    assert mapping.details(made)["hosts_changed"] == 300
    checked = replace(made, phase=Phase.CHECKED)
    assert mapping.changed_hosts(checked) == []
    with mapping.tags_named({"host": "machine"}):
        assert "machine:web-000" in mapping.tags(made)


@pytest.mark.parametrize(
    ("changed", "hosts", "said"),
    [
        (("a",), 1, "on a"),
        (("a", "b", "c"), 3, "on a, b, c"),
        (("a", "b", "c", "d"), 4, "on a, b, c and 1 more host"),
        (("a", "b", "c", "d"), 9, "on a, b, c and 6 more hosts"),
        ((), 9, "on 9 hosts"),
        ((), 1, "on 1 host"),
    ],
)
def test_a_line_names_the_hosts_of_a_task(changed, hosts, said):
    run = event("ansible").event
    task = TaskRun(hosts=HostCounts(changed=hosts), changed_on=changed)
    change = replace(run.changes[0], address="Restart", task=task)
    assert mapping.worst(replace(run, changes=(change,), failures=())) == [f"changed Restart {said}"]


@pytest.mark.parametrize("kind", ["slack", "teams"])
@pytest.mark.parametrize("own", [OWN, ""])
def test_chats_report_who_commit_and_links_once(kind, own):
    shown = text(kind, deployed(own))
    assert shown.count("Deployment of shop 1.6.0 succeeded") == 1
    assert shown.count("By ann on runner-7") == 1
    assert shown.count(f"ommit {COMMIT[:12]} on main") == 1
    for page in (RUN.url, CI.pull_request_url, VCS.commit_url):
        assert shown.count(page) == 1
    assert shown.count("1 commit") == 1, "what it brings stays"
    assert shown.count("OPS-7") == bool(own)


def test_the_senders_own_words_are_distinguished_from_what_was_added():
    made = deployed().event
    assert own_part(made) == OWN
    assert "By ann" in made.message
    assert f"[`{COMMIT[:12]}`]({VCS.commit_url}) on `main`" in made.message
    assert f"[Pull request 17]({CI.pull_request_url})" in made.message
    assert "By ann" not in without_context(made)
    assert own_part(deployed("").event) == ""
    assert mapping.own_message(deployed("").event) == ""
    assert worded(made, 8000).message == made.message, "done again it stays the same"
    few = replace(made, message=message(replace(made, message=""), OWN * 5, 600))
    assert "By ann" not in without_context(few)
    assert own_part(sealed(1, explicit=True, message=OWN).event) == OWN


AWS = Cloud(name="aws", accounts=("123456789012",), regions=("eu-central-1", "us-east-1"))


def test_account_and_regions_are_where_each_backend_has_them():
    made = deployed(clouds=(AWS,))
    for kind in ("sematext", "datadog", "grafana"):
        tags = json.loads(text(kind, made))["tags"]
        assert {"account:123456789012", "region:eu-central-1", "region:us-east-1"} <= set(tags)
    assert json.loads(text("splunk", made))["event"]["region"] == "eu-central-1, us-east-1"
    stored = json.loads(text("elasticsearch", made).splitlines()[1])
    assert stored["cloud"] == {"provider": "aws", "account": {"id": "123456789012"}}, "of several regions, none is it"
    record = json.loads(text("otlp", made))["resourceLogs"][0]["scopeLogs"][0]["logRecords"][0]
    found = {
        entry["key"]: entry["value"]["stringValue"] for entry in record["attributes"] if "stringValue" in entry["value"]
    }
    assert found["cloud.provider"] == "aws"
    assert found["cloud.account.id"] == "123456789012"
    assert found["tfevent.region"] == "eu-central-1, us-east-1"
    assert not {"cloud.region", "tfevent.account"} & set(found)


def test_the_senders_own_tag_goes_before_where_the_changes_are():
    made = deployed(clouds=(AWS,), tags={"region": "emea"})
    assert [tag for tag in mapping.tags(made.event) if tag.startswith("region:")] == ["region:emea"]
