"""Options of the callback, and what surrounds a run: by variable, ansible.cfg and tfevent.yaml."""

from __future__ import annotations

import json
import subprocess

import pytest

from tests.support.receiver import Receiver
from tests.support.selection import slow

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def configure(machine, **options):
    lines = "".join(f"{name} = {value}\n" for name, value in options.items())
    (machine.folder / "ansible.cfg").write_text(f"[callback_tfevent]\n{lines}")


def test_the_settings_file_beside_the_playbook_holds_for_ansible_too(machine):
    (machine.playbooks / "tfevent.yaml").write_text(
        "environment: prod\nservice: '{directory}'\ntags: {team: web}\nreport: always\n"
    )
    ran = machine.play("nothing_changed")
    event = ran.event
    assert (event["outcome"], event["environment"], event["service"]) == ("no_change", "prod", "play")
    assert event["tags"] == {"team": "web"}


def test_options_of_ansible_cfg_go_before_it_and_variables_before_them(machine):
    (machine.playbooks / "tfevent.yaml").write_text("environment: file\nservice: file\ntags: {from: file}\n")
    configure(machine, environment="cfg", service="cfg", quiet="true")
    ran = machine.play("ignored", TFEVENT_ENVIRONMENT="variable")
    assert (ran.event["environment"], ran.event["service"], ran.event["tags"]) == ("variable", "cfg", {"from": "file"})
    assert ran.said == []


def test_a_misspelt_option_of_ansible_cfg_is_reported(machine):
    configure(machine, enviroment="prod", service="web")
    ran = machine.play("changed_briefly")
    assert ran.event["service"] == "web"
    text = " ".join(ran.err.split())  # Ansible folds it
    assert text.count("no such option") == 1
    assert "[callback_tfevent] enviroment: no such option: did you mean environment?" in text


@pytest.mark.slow
def test_what_ansible_cfg_sets_for_all_its_sections_is_no_misspelt_option(machine):
    (machine.folder / "ansible.cfg").write_text(
        "[DEFAULT]\ninventory_dir = x\n[callback_tfevent]\nservice = 100%\n# environment = x\nQUIET = yes ; always\n"
    )
    ran = machine.play("changed_briefly")
    assert ran.event["service"] == "100%"
    assert "no such option" not in ran.err


@pytest.mark.slow
def test_templates_and_bounds_are_options_too(machine):
    (machine.folder / "message.j2").write_text("Played {{ event.playbook.file }}. {{ 'long ' * 100 }}")
    configure(
        machine,
        title_template="{{ event.playbook.file }} by {{ event.actor.user }}",
        message_template_file="message.j2",  # beside ansible.cfg
        message_bytes=100,
        keep_events=1,
    )
    machine.play("changed_briefly")
    event = machine.play("ignored").event
    assert event["title"] == "ignored.yml by ann"
    assert event["message"].startswith("Played ignored.yml. long long")
    assert len(event["message"].encode()) <= 100
    assert [kept["id"] for kept in machine.events()] == [event["id"]]


@pytest.mark.slow
def test_other_destinations_are_set_by_their_own_variables(machine):
    with Receiver() as receiver:
        (machine.folder / "token").write_text("planted-token\n")
        variables = {
            "TFEVENT_CLOUDEVENTS_URL": receiver.url,
            "TFEVENT_GRAFANA_URL": receiver.url,
            "TFEVENT_GRAFANA_TOKEN_FILE": str(machine.folder / "token"),
            "TFEVENT_LOKI_URL": receiver.url,
            "TFEVENT_OTLP_ENDPOINT": receiver.url,
            "TFEVENT_SPLUNK_URL": receiver.url,
            "TFEVENT_SPLUNK_TOKEN": "planted-token",
        }
        ran = machine.play("ignored", **variables)
        paths = {request.path.partition("?")[0] for request in receiver.accepted}
    assert paths == {"/", "/api/annotations", "/loki/api/v1/push", "/services/collector/event", "/v1/logs"}, ran.err


@pytest.mark.slow
def test_a_token_in_a_file_that_ansible_cfg_names(machine):
    (machine.folder / "token").write_text("planted-token\n")
    with Receiver() as receiver:
        configure(machine, sematext_token_file=machine.folder / "token", sematext_receiver=receiver.url)
        ran = machine.play("ignored")
        assert receiver.accepted[0].path == "/planted-token/event"
    assert "sematext delivered" in ran.said[-1]
    assert "planted-token" not in ran.err


@pytest.mark.parametrize(
    ("report", "name", "sent"),
    [slow("changed", "ignored", True), ("failed", "ignored", False), ("failed", "loop_fails", True)],
)
def test_which_runs_are_sent(machine, report, name, sent):
    with Receiver() as receiver:
        machine.play(name, TFEVENT_REPORT=report, TFEVENT_WEBHOOK_URL=receiver.url)
        assert len(receiver.accepted) == sent


@pytest.mark.slow
def test_the_tool_is_called_ansible_where_runs_are_looked_for_and_where_they_are_sent(machine):
    with Receiver() as receiver:
        (machine.playbooks / "tfevent.yaml").write_text(
            "destinations:\n"
            f"  ours: {{kind: webhook, url: '{receiver.url}/ours', when: {{tool: ansible}}}}\n"
            f"  others: {{kind: webhook, url: '{receiver.url}/others', when: {{tool: [terraform, tofu]}}}}\n"
        )
        ran = machine.play("ignored")
        assert [request.path for request in receiver.accepted] == ["/ours"], ran.err
    assert receiver.accepted[0].json()["id"] == ran.event["id"]
    listed = machine.tfevent("list", "--tool", "ansible", "--json")
    assert [json.loads(line)["id"] for line in listed.stdout.splitlines()] == [ran.event["id"]]


@pytest.mark.slow
def test_only_some_tasks_are_reported_of(machine):
    ran = machine.play("tagged", TFEVENT_ANSIBLE_INCLUDE_TAGS="deploy,conf*")
    assert [change["name"] for change in ran.event["changes"]] == ["Deploy", "Configure"]
    ran = machine.play("tagged", TFEVENT_ANSIBLE_EXCLUDE_TAGS="deploy", TFEVENT_ANSIBLE_EXCLUDE_TASKS="La*")
    assert [change["name"] for change in ran.event["changes"]] == ["Configure"]
    ran = machine.play("tagged", TFEVENT_ANSIBLE_INCLUDE_TASKS="Nothing of the kind")
    assert ran.events == []


def test_only_some_hosts_are_reported_of(machine):
    ran = machine.play("changed_briefly", TFEVENT_ANSIBLE_INCLUDE_HOSTS="web*", TFEVENT_ANSIBLE_EXCLUDE_HOSTS="web3")
    assert [host["name"] for host in ran.event["hosts"]] == ["web1", "web2"]
    assert ran.event["summary"]["hosts"] == {"changed": 2}


def test_what_started_the_run_is_its_parent_and_what_it_starts_on_the_controller_its_child(machine):
    ran = machine.play("traced", TRACEPARENT=PARENT, TFEVENT_RUN_ID="the-parent")
    trace = ran.event["trace"]
    assert trace["parent_run_id"] == "the-parent"
    assert trace["trace_id"] == "0af7651916cd43dd8448eb211c80319c"
    assert trace["parent_span_id"] == "b7ad6b7169203331"
    run_id, traceparent = (machine.folder / "seen").read_text().split()
    assert run_id == ran.event["id"] == trace["run_id"]
    assert traceparent == f"00-{trace['trace_id']}-{trace['span_id']}-01"


@pytest.mark.slow
def test_a_run_of_awx_names_its_launcher_and_links_its_job(machine):
    variables = {
        "awx_job_id": 17,
        "awx_job_template_name": "Deploy shop",
        "awx_user_name": "cy",
        "awx_job_launch_type": "manual",
    }
    environ = {"AWX_HOST": "https://awx.example.com", "JOB_ID": "17"}
    ran = machine.play("ignored", "-e", json.dumps(variables), **environ)
    url = "https://awx.example.com/#/jobs/playbook/17"
    assert ran.event["actor"]["user"] == "cy"
    assert ran.event["actor"]["ci"] == {"system": "AWX", "run_url": url, "job": "Deploy shop", "actor": "cy"}
    assert ran.event["links"] == [{"title": "AWX job 17", "url": url}]


def test_the_commit_of_the_playbook_and_its_place_in_the_repository(machine):
    for words in (["init", "-q", "-b", "main"], ["add", "play"], ["commit", "-qm", "First"]):
        identity = ["-c", "user.name=Ann", "-c", "user.email=ann@example.com"]
        subprocess.run(["git", *identity, *words], cwd=machine.folder, check=True)
    ran = machine.play("includes")
    assert (ran.event["vcs"]["branch"], ran.event["vcs"]["subject"]) == ("main", "First")
    assert ran.event["playbook"]["file"] == "play/includes.yml"
    assert ran.event["playbook"]["inventory"] == ["play/inventory.yml"]
    assert ran.event["changes"][0]["source"] == {"file": "play/roles/web/tasks/main.yml", "line": 1}
    assert ran.event["playbook"]["roles"] == {"web": "v1.4.2"}


def test_circumstances_of_the_command(machine):
    words = (
        "--tags",
        "deploy,config",
        "--skip-tags",
        "config",
        "--limit",
        "web1",
        "--start-at-task",
        "Deploy",
        "-f",
        "7",
    )
    playbook = machine.play("tagged", *words, "--check", "--diff").event["playbook"]
    assert playbook == {
        "file": "tagged.yml",
        "plays": ["Tagged"],
        "tags": ["config", "deploy"],
        "skip_tags": ["config"],
        "limit": "web1",
        "inventory": ["inventory.yml"],
        "check": True,
        "diff": True,
        "start_at_task": "Deploy",
        "forks": 7,
        "variables": ["out"],
    }


@pytest.mark.slow
def test_a_command_without_a_playbook(machine):
    inventory = str(machine.playbooks / "inventory.yml")
    words = ["ansible", "web1", "-i", inventory, "-m", "ansible.builtin.file"]
    words += ["-a", f"path={machine.folder}/made state=directory mode=0700"]
    ran = machine.run(*words, ANSIBLE_LOAD_CALLBACK_PLUGINS="1")
    assert (ran.code, ran.event["outcome"]) == (0, "succeeded")
    assert ran.event["tool"]["command"].startswith("ansible web1 -i")
    assert ran.event["tool"]["command"].endswith("-m ansible.builtin.file -a …")
    assert ran.event["changes"][0]["task"]["things"] == [f"{machine.folder}/made (directory)"]


@pytest.mark.slow
def test_a_pulled_playbook(machine):
    for words in (["init", "-q", "-b", "main"], ["add", "."], ["commit", "-qm", "First"]):
        identity = ["-c", "user.name=Ann", "-c", "user.email=ann@example.com"]
        subprocess.run(["git", *identity, *words], cwd=machine.playbooks, check=True)
    words = ["ansible-pull", "-U", f"file://{machine.playbooks}", "-d", str(machine.folder / "checkout")]
    words += ["-i", str(machine.playbooks / "localhost.yml"), "pulled.yml"]
    ran = machine.run(*words, PATH=f"{machine.installation.bin}:{machine.environ['PATH']}")
    assert ran.code == 0, ran.err
    assert ran.event["actor"]["ci"]["system"] == "ansible-pull"
    assert ran.event["vcs"]["subject"] == "First"
