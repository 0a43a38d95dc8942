"""The example of docs/how-to/routing.md is right, and does what is said beside it."""

import re

import msgspec
import pytest

from change_events import routing
from change_events.cli import route_check
from change_events.destinations.shared.hosts import MOST_HOSTS
from change_events.model import Actor, Ci, Cloud, HostRun, Kind, Outcome, Phase, Severity
from tests.cli.sample import partial, running, succeeded
from tests.support.trusted import load
from tools.reference_pages import DOCS

PAGE = (DOCS / "how-to" / "routing.md").read_text()


@pytest.fixture
def settings(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    (tmp_path / "token").write_text("t")
    example = re.search(r"```yaml\n(.*?)```", PAGE, re.DOTALL)[1]
    (tmp_path / "tfevent.yaml").write_text(re.sub(r"~/.config/tfevent/\w+\.token", "token", example))
    return load(tmp_path, {"ONCALL_URL": "https://oncall.example/x", "REVIEWS_URL": "https://reviews.example/x"})


def test_every_destination_of_the_example_can_be_reached(settings):
    assert len(settings.destinations) == 4
    assert [list(route_check.problems(one, settings)) for one in settings.destinations] == [[]] * 4
    assert settings.warnings == ()


@pytest.mark.parametrize(
    ("event", "names"),
    [
        (partial(), ["sematext", "graphs", "oncall"]),
        (succeeded(), ["sematext", "graphs"]),
        (
            msgspec.structs.replace(partial(), environment="prod-test", summary=succeeded().summary),
            ["sematext", "graphs"],
        ),
        (msgspec.structs.replace(partial(), phase=Phase.PLANNED), ["reviews"]),
        (msgspec.structs.replace(succeeded(), phase=Phase.PLANNED), []),
        (
            msgspec.structs.replace(succeeded(), kind=Kind.BUILD, outcome=Outcome.FAILED, explicit=True),
            ["sematext", "graphs", "oncall"],
        ),
    ],
)
def test_the_example_sends_where_the_page_says(settings, event, names):
    assert routing.destinations(event, settings) == names


def test_only_graphs_hears_of_a_start(settings):
    assert routing.started(msgspec.structs.replace(running(), severity=Severity.ERROR), settings) == ["graphs"]


def test_the_tags_that_can_be_renamed_are_those_of_the_page():
    from change_events.destinations.shared import mapping

    sentence = re.search(r"those that every event has \((.*?)\)", PAGE)[1]
    names = set(re.findall(r"`(\w+)`", sentence))
    tool = msgspec.structs.replace(partial().tool, workspace="w")
    actor = Actor(ci=Ci(system="github", pull_request="7"))
    hosts = tuple(HostRun(name=f"web{number}", status="changed") for number in range(MOST_HOSTS + 1))
    cloud = Cloud(name="aws", accounts=("123456789012",), regions=("eu-central-1",))
    more = {"hosts": hosts, "version": "1.4.2", "clouds": (cloud,), "tags": {}}
    full = msgspec.structs.replace(partial(), tool=tool, actor=actor, **more)
    assert names == {tag.partition(":")[0] for tag in mapping.tags(full)}
