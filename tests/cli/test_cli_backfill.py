"""``backfill`` from folders: which files are history, in which order, at what time, and whose."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from change_events.model import Action, Actor, Change, ChangeEvent, ChangeOutcome, Kind, Outcome, Phase, Tool
from tests.cli.state_versions import DB, ENCRYPTED, LINEAGE, SECRET, resource, sized, state

OTHER = "00000000-0000-0000-0000-00000000000b"
START = 1_790_000_000


@pytest.fixture
def folder(home):
    (home.path / "old").mkdir()

    def put(name, data, at=None):
        path = home.path / "old" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        os.utime(path, (START + (at or 0),) * 2)
        return path

    return put


def backfill(home, *words, **options):
    return json.loads(home.events("backfill", *words, "--json", **options))


def recorded(home):
    """The events, the oldest first."""
    return [json.loads(line) for line in home.events("list", "--json", "--limit", "0").splitlines()][::-1]


def serials(home):
    return [(one["state"].get("previous_serial"), one["state"]["serial"]) for one in recorded(home)]


def test_a_folder_of_versions_is_a_history_by_serial_and_is_read_once(home, folder):
    for number, size in enumerate(("small", "large", "large", "small")):
        folder(f"{9 - number}.tfstate", sized(number + 1, size, terraform_version=f"1.11.{number}"), number * 60)
    assert backfill(home, "old", "--dry-run")["recorded"] == 2
    assert recorded(home) == []
    found = backfill(home, "old")
    assert {name: found[name] for name in ("recorded", "known", "unchanged", "not_used")} == {
        "recorded": 2, "known": 0, "unchanged": 1, "not_used": 0,
    }  # fmt: skip
    again = backfill(home, "old")
    assert (again["recorded"], again["known"], again["events"]) == (0, 2, [])
    grown, shrunk = recorded(home)
    assert serials(home) == [(1, 2), (3, 4)]
    assert grown["title"] == f"{home.path.name}/old: state changed: 1 changed (backfilled)"
    assert (grown["phase"], grown["outcome"], grown.get("severity")) == ("applied", "unknown", None)  # info
    assert grown["backfilled"]["time_from"] == "file"
    assert datetime.fromisoformat(grown["started_at"]).timestamp() == START + 60
    assert grown["changes"][0]["causes"][0]["kind"] == "unknown"
    assert "actor" not in grown
    assert grown["deliveries"] == []
    text = home.events("why", f"{DB}.instance_class")
    assert f"(reverts {grown['id']})" in text
    assert f"(reverted by {shrunk['id']})" in text


@pytest.mark.slow
def test_what_two_states_do_not_show_is_not_claimed(home, folder):
    folder("1.tfstate", state(1, resource("gone"), resource("main", size="a")), 0)
    folder("2.tfstate", state(2, resource("main", size="b"), resource("new")), 60)
    backfill(home, "old")
    (event,) = recorded(home)
    assert event["summary"]["state"] == {"removed": 1, "added": 1, "changed": 1}
    assert not any(event["summary"]["counts"].values())
    assert "destroyed or is only no longer managed" in event["state"]["note"]
    assert "created or imported" in event["state"]["note"]
    assert {change["action"] for change in event["changes"]} == {"edit"}


def test_secrets_of_states_are_nowhere(home, folder):
    folder("1.tfstate", sized(1, "a", outputs={"o": {"value": SECRET, "type": "string"}}), 0)
    rotated = resource(instance_class="b", password="the-new-one-Zq82", note=f"uses {SECRET}")
    folder("2.tfstate", state(2, rotated, outputs={"token": {"value": "Zq83-out", "sensitive": True}}), 60)
    shown = home.run("backfill", "old", "--json")
    kept = b"".join(path.read_bytes() for path in home.state.iterdir() if path.is_file())
    text = shown.stdout + shown.stderr + home.events("show", recorded(home)[0]["id"]).encode() + kept
    assert not [secret for secret in (SECRET, "Zq82", "Zq83") if secret.encode() in text]
    (event,) = recorded(home)
    assert {"password", "instance_class"} <= {part["path"] for part in event["changes"][0]["attributes"]}


@pytest.mark.slow
def test_several_states_in_one_folder_are_several_histories(home, folder):
    for name, lineage in (("a", LINEAGE), ("b", OTHER)):
        folder(f"{name}/1.tfstate", sized(1, "small", lineage=lineage), 0)
        folder(f"{name}/2.tfstate", sized(2, "large", lineage=lineage), 60)
    found = home.run("backfill", "old")
    assert found.stdout.decode() == "2 events recorded\n"
    assert found.stderr.decode().count("repeated with --directory") == 2
    assert len({event["tool"]["backend"] for event in recorded(home)}) == 2


def test_files_that_are_no_history_are_named_with_the_reason(home, folder):
    folder("1.tfstate", sized(1, "a"), 0)
    folder("2.tfstate", sized(2, "b"), 60)
    folder("3.tfstate", ENCRYPTED, 70)
    folder("shown.json", json.dumps({"format_version": "1.0", "values": {}}).encode())
    folder("saved.tfplan", b"PK\x03\x04")
    folder("broken.tfstate", b"{")
    folder("README.md", b"# old states")
    os.mkfifo(home.path / "old" / "pipe")
    found = backfill(home, "old")
    assert found["recorded"] == 1
    reasons = {os.path.basename(one["name"]): one["reason"] for one in found["skipped"]}
    assert reasons == {
        "3.tfstate": "the state is encrypted by OpenTofu, which alone can read it",
        "shown.json": "a state without serial and lineage; expected raw state, not `show -json`",
        "saved.tfplan": "a saved plan file: convert it with `terraform show -json`",
        "broken.tfstate": "not a state or a plan in JSON",
        "pipe": "the file cannot be read",
    }


@pytest.mark.parametrize(
    ("files", "error"),
    [
        ({}, "no state or plan"),
        ({"1.tfstate": sized(1, "a")}, "one version of a state only"),
    ],
)
@pytest.mark.slow
def test_a_folder_without_history_is_an_error(home, folder, files, error):
    for name, data in files.items():
        folder(name, data)
    done = home.run("backfill", "old")
    assert done.returncode == 1
    assert error in done.stderr.decode()


@pytest.mark.parametrize(
    ("source", "error"),
    [
        ("absent", "there is no such file or folder"),
        ("--directory=absent", "there is no such directory"),
        ("s3://bucket", "expected s3://BUCKET/KEY"),
        ("s3://b/k/", "s3://"),
    ],
)
@pytest.mark.slow
def test_a_source_that_is_none_is_an_error(home, source, error):
    done = home.run("backfill", source, ".")
    assert done.returncode == 1
    assert error in done.stderr.decode()


def test_times_of_copies_are_not_taken_for_times_of_writing(home, folder):
    for serial, size in enumerate(("a", "b", "c", "d"), 1):
        folder(f"{serial}.tfstate", sized(serial, size), serial * 0.1)  # a download of all versions
    found = backfill(home, "old")
    assert (found["recorded"], found["not_used"]) == (0, 3)
    assert "times are those of copies" in found["skipped"][0]["reason"]
    for serial, size in enumerate(("a", "b"), 1):
        folder(f"n/state-2026-03-0{serial}T10-00-00Z.tfstate", sized(serial, size, lineage=OTHER), serial * 0.1)
    assert backfill(home, "old/n")["recorded"] == 1
    (event,) = recorded(home)
    assert (event["started_at"], event["backfilled"]["time_from"]) == ("2026-03-02T10:00:00Z", "name")


def test_a_backup_is_dated_by_when_it_was_replaced(home, folder):
    """terraform writes a backup when it writes the next state."""
    folder(f"terraform.tfstate.{START + 500}.backup", sized(6, "a"), 500)
    folder("terraform.tfstate.backup", sized(7, "b"), 900)
    folder("terraform.tfstate", sized(8, "c"), 901)
    backfill(home, "old")
    times = [datetime.fromisoformat(event["started_at"]).timestamp() - START for event in recorded(home)]
    assert times == [500, 900]


@pytest.mark.slow
def test_only_the_newest_or_since(home, folder):
    for serial in range(1, 8):
        folder(f"{serial}.tfstate", sized(serial, f"s{serial}"), serial * 60)
    assert backfill(home, "old", "--last", "2")["recorded"] == 2
    assert serials(home) == [(5, 6), (6, 7)]
    since = datetime.fromtimestamp(START + 4 * 60).astimezone().isoformat()
    assert backfill(home, "old", "--last", "0", "--since", since)["recorded"] == 2
    assert serials(home)[:2] == [(3, 4), (4, 5)]


PLAN = {
    "format_version": "1.2",
    "terraform_version": "1.11.4",
    "timestamp": "2026-05-06T07:08:09Z",
    "planned_values": {"root_module": {}},
    "resource_changes": [
        {
            "address": "x.a", "mode": "managed", "type": "x", "name": "a", "provider_name": "p/x/x",
            "change": {"actions": ["update"], "before": {"v": 1, "s": SECRET}, "after": {"v": 2, "s": SECRET},
                       "after_unknown": {}, "before_sensitive": {"s": True}, "after_sensitive": {"s": True}},
        }
    ],
}  # fmt: skip


def test_plans_are_planned_events_of_their_own_time(home, folder):
    folder("plan.json", json.dumps(PLAN).encode())
    none = PLAN | {"resource_changes": [], "timestamp": "2026-05-07T07:08:09Z"}
    folder("none.json", json.dumps(none).encode())
    found = backfill(home, "old")
    assert (found["recorded"], found["unchanged"]) == (1, 1)
    assert backfill(home, "old")["known"] == 1
    (event,) = recorded(home)
    assert (event["phase"], event["started_at"]) == ("planned", "2026-05-06T07:08:09Z")
    assert event["title"].endswith("old: 1 update planned (backfilled)")
    assert SECRET.encode() not in home.journal_path.read_bytes()


def test_history_of_a_directory_joins_its_runs(home, folder):
    for words in (("init", "-q"), ("remote", "add", "origin", "https://github.com/acme/infra.git")):
        subprocess.run(["git", *words], cwd=home.path, check=True)
    (home.path / "net").mkdir()
    (home.path / "net" / "terraform.tfstate").write_bytes(sized(9, "z"))
    folder("1.tfstate", sized(1, "a"), 0)
    folder("2.tfstate", sized(2, "b"), 60)
    assert "--directory" not in home.run("backfill", "old", "--directory", "net").stderr.decode()
    (event,) = recorded(home)
    assert event["tool"]["directory"] == str(home.path / "net")
    assert (event["vcs"]["repository"], event["vcs"].get("commit")) == ("acme/infra", None)
    assert event["title"].startswith("net: ")


@pytest.mark.slow
def test_it_is_delivered_only_when_asked(home, folder):
    settings = "destinations: {file: {kind: command, command: [touch, sent]}}"
    (home.path / "tfevent.yaml").write_text(settings)
    folder("1.tfstate", sized(1, "a"), 0)
    folder("2.tfstate", sized(2, "b"), 60)
    backfill(home, "old")
    assert recorded(home)[0]["deliveries"] == []
    assert backfill(home, "old", "--deliver")["known"] == 1
    assert [one["destination"] for one in recorded(home)[0]["deliveries"]] == ["file"]


def test_a_bar_is_drawn_on_a_terminal_and_nowhere_else(home, folder):
    folder("1.tfstate", sized(1, "a"), 0)
    folder("2.tfstate", sized(2, "b"), 60)
    assert b"/1" not in home.run("backfill", "old", "--dry-run").stderr
    shown = home.on_terminal("backfill", "old")
    assert "1/1" in shown.text
    assert "1 event recorded" in shown.text


def _ran(directory, minutes_before=1, at=START + 60):
    ended = datetime.fromtimestamp(at, UTC)
    return ChangeEvent(
        id="019ab0f1-5e00-7aaa-8bbb-000000000009",
        kind=Kind.INFRASTRUCTURE,
        phase=Phase.APPLIED,
        outcome=Outcome.SUCCEEDED,
        started_at=ended - timedelta(minutes=minutes_before),
        ended_at=ended,
        title="dev: 1 updated",
        tool=Tool(name="terraform", directory=str(directory)),
        actor=Actor(host=socket.gethostname()),
        changes=(Change(address=DB, action=Action.UPDATE, outcome=ChangeOutcome.APPLIED),),
    )


def _two_stacks(home, folder):
    for name, lineage in (("dev", OTHER), ("prod", LINEAGE)):
        (home.path / name).mkdir()
        (home.path / name / "terraform.tfstate").write_bytes(sized(9, "z", lineage=lineage))
    folder("1.tfstate", sized(1, "a"), 0)
    folder("2.tfstate", sized(2, "b"), 60)


@pytest.mark.parametrize("joined", [True, False])
def test_another_stack_with_the_same_addresses_takes_no_history_away(home, folder, joined):
    _two_stacks(home, folder)
    home.fill(_ran(home.path / "dev"))
    found = backfill(home, "old", *(["--directory", "prod"] if joined else []))
    assert (found["recorded"], found["recorded_by_runs"]) == (1, 0)


def test_a_directory_that_is_named_later_takes_the_history_over(home, folder):
    _two_stacks(home, folder)
    assert "--directory" in home.run("backfill", "old").stderr.decode()
    (loose,) = recorded(home)
    assert "directory" not in loose["tool"]
    assert backfill(home, "old")["known"] == 1
    found = backfill(home, "old", "--directory", "prod", "--dry-run")
    assert found["recorded"] == 1
    assert recorded(home) == [loose]
    assert backfill(home, "old", "--directory", "prod")["recorded"] == 1
    (event,) = recorded(home)
    assert event["tool"]["directory"] == str(home.path / "prod")
    assert event["started_at"] == loose["started_at"]
    again = [backfill(home, "old", *words) for words in (["--directory", "prod"], [])]
    assert [(one["recorded"], one["known"]) for one in again] == [(0, 1), (0, 1)]
    assert len(recorded(home)) == 1


def test_history_that_turns_out_to_be_of_a_recorded_run_is_no_longer_doubled(home, folder):
    _two_stacks(home, folder)
    home.fill(_ran(home.path / "prod"))
    assert backfill(home, "old")["recorded"] == 1
    assert backfill(home, "old", "--directory", "prod")["recorded_by_runs"] == 1
    (event,) = recorded(home)
    assert event["title"] == "dev: 1 updated"


def test_a_plan_joins_a_directory_later(home, folder):
    (home.path / "net").mkdir()
    folder("plan.json", json.dumps(PLAN).encode())
    backfill(home, "old")
    assert backfill(home, "old", "--directory", "net")["recorded"] == 1
    (event,) = recorded(home)
    assert event["tool"]["directory"] == str(home.path / "net")


def test_the_same_plan_under_two_names_is_one_event(home, folder):
    folder("plan.json", json.dumps(PLAN).encode())
    folder("sub/plan-20260506T070809Z.json", json.dumps(PLAN).encode(), 5)
    found = backfill(home, "old")
    assert (found["recorded"], found["not_used"]) == (1, 1)
    assert found["skipped"][0]["reason"] == "the same plan as plan.json"
    (home.path / "old" / "plan.json").rename(home.path / "old" / "renamed.json")
    assert backfill(home, "old")["known"] == 1


def test_times_in_the_future_are_not_used(home, folder):
    folder("2026-03-01T10-00-00Z.tfstate", sized(1, "a"))
    folder("2050-03-01T10-00-00Z.tfstate", sized(2, "b"))
    folder("2026-03-03T10-00-00Z.tfstate", sized(3, "c"))
    folder("plan.json", json.dumps(PLAN | {"timestamp": "2050-05-06T07:08:09Z"}).encode())
    found = backfill(home, "old")
    reasons = {os.path.basename(one["name"]): one["reason"] for one in found["skipped"]}
    assert reasons == {
        "old 2050-03-01T10-00-00Z.tfstate": "its name's time is in the future",
        "plan.json": "its time is in the future",
    }
    assert [event["started_at"] for event in recorded(home)] == ["2026-03-03T10:00:00Z"]


def test_times_of_names_that_contradict_the_serials_are_not_used(home, folder):
    days = (1, 2, 9, 4, 5, 10)  # the third is wrong, or the next two are
    for serial, day in enumerate(days, 1):
        folder(f"2026-03-{day:02}T10-00-00Z.tfstate", sized(serial, f"s{serial}"))
    found = backfill(home, "old")
    assert (found["recorded"], found["not_used"]) == (2, 3)
    reasons = {one["reason"] for one in found["skipped"]}
    assert reasons == {"the times in the files' names are not in the order of the serials"}
    assert serials(home) == [(1, 2), (5, 6)]


def test_a_working_directory_that_was_removed_is_an_error_with_a_reason(home, folder):
    folder("1.tfstate", sized(1, "a"), 0)
    folder("2.tfstate", sized(2, "b"), 60)
    (home.path / "gone").mkdir()
    script = 'rmdir "$PWD" && exec "$0" -m tf_wrapper events backfill "$1"'
    done = subprocess.run(
        ["sh", "-c", script, sys.executable, str(home.path / "old")],
        cwd=home.path / "gone", env=home.environ, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (
        1, "tfevent: the working directory does not exist any more: change to one that does\n",
    )  # fmt: skip
