"""The wheel beside several ansible-core versions: the same events, and runs that are what they are without it."""

from __future__ import annotations

import json
import re
import signal
from dataclasses import replace
from difflib import unified_diff

import pytest

from tests.ansible.command import ROOT, Machine
from tests.ansible.cores import CORES, with_tfevent
from tests.ansible.normalised_event import normal
from tests.ansible.test_exit_hooks import cut_short
from tests.ansible.test_playbooks import LEAVES_AN_EVENT, LEAVES_NONE, QUICK, figures
from tests.ansible.test_secrets import check_late
from tests.support.receiver import Receiver
from tests.support.secrets import assert_nowhere, found_in

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]  # the first test of a version makes its environment

# before 2.19, a loop under no_log does not say how many items it had, and files report differences unasked: goldens
# of each has what differs from the event of the other versions
ITS_OWN_EVENT = {(core, name) for core in ("2.16", "2.17") for name in ("no_log", "async_asked", "modules")}
ITS_OWN_EVENT |= {("2.16", name) for name in ("includes", "rescued_imports")}  # whose recap counts no roles
# the order in which Ansible prints items of several hosts is up to chance; the recap has 40 tasks, so it is played once
PLAYED_APART = {"loops_partly", "recap"}
UNORDERED = {"delegated_partly"}  # likewise, but of few lines: they are compared in any order
UNSEEN = {("2.16", "role_missing")}  # it reports that failure to no callback, so there is nothing to record
NO_OPTIONS_BY_VARIABLES = ("2.16", "2.17", "2.19")
GOLDEN = ROOT / "tests" / "golden" / "ansible"


# `make e2e` plays everything with the oldest and the newest version only, and with those between them what is asserted
# of EVERY version; `make cores` leaves nothing out
EVERY = [pytest.param(core, id=str(core)) for core in CORES]
ENDS = [
    pytest.param(core, id=str(core), marks=() if core in (CORES[0], CORES[-1]) else pytest.mark.exhaustive)
    for core in CORES
]


@pytest.fixture(params=ENDS)
def core(request):
    return request.param


@pytest.fixture
def installation(core):
    return with_tfevent(core)


@pytest.fixture
def machine(tmp_path, installation):
    return made(tmp_path / "with", installation)


@pytest.fixture
def bare(tmp_path, installation):
    """The same machine, where Ansible is on its own."""
    machine = made(tmp_path / "bare", installation)
    del machine.environ["ANSIBLE_CALLBACKS_ENABLED"]
    return machine


def made(folder, installation):
    (folder / "tmp").mkdir(parents=True)
    machine = Machine(folder, installation)
    del machine.environ["ANSIBLE_COLLECTIONS_PATH"]  # the wheel brings the collection
    machine.environ["ANSIBLE_FORKS"] = "1"  # hosts in order, in every run
    (folder / "t.j2").write_text("{{ 1 + 1 }}\n")
    return machine


def _cases():
    for core in CORES:
        for name in sorted(LEAVES_AN_EVENT.keys() - PLAYED_APART):
            usual = core != CORES[-1] and (core.series, name) not in ITS_OWN_EVENT | UNSEEN
            played = QUICK if core == CORES[0] else ("changed",)
            marks = pytest.mark.exhaustive if usual and name not in played else ()
            yield pytest.param(core, name, id=f"{core}-{name}", marks=marks)


@pytest.mark.parametrize(("core", "name"), list(_cases()))
def test_the_event_and_the_run_are_the_same_on_every_version(core, machine, bare, golden, name):
    code, *words = LEAVES_AN_EVENT[name]
    ran, expected = machine.play(name, *words), bare.play(name, *words)
    assert (ran.code, expected.code) == (code, code), ran.err
    printed, usual = output(ran, machine), output(expected, bare)
    assert (sorted(printed.splitlines()) == sorted(usual.splitlines())) if name in UNORDERED else (printed == usual)
    if (core.series, name) in UNSEEN:
        assert (ran.events, ran.said) == ([], [])
        return
    usual = words_of_any_version((GOLDEN / f"{name}.txt").read_text())
    recorded = words_of_any_version(normal(ran.event, str(machine.folder)))
    if (core.series, name) in ITS_OWN_EVENT:
        golden(f"ansible/{name}.core-{core.series}.diff")(difference(usual, recorded))
    else:
        assert recorded == usual


@pytest.mark.parametrize("name", sorted(PLAYED_APART))
def test_the_figures_are_those_of_the_recap_on_every_version(machine, name):
    code, *words = LEAVES_AN_EVENT[name]
    ran = machine.play(name, *words)
    assert (ran.code, figures(ran)) == (code, ran.recap)


def difference(usual, recorded):
    """The lines of two events that differ, with their neighbours."""
    return "".join(
        f"{line.rstrip()}\n" for line in unified_diff(usual.splitlines(), recorded.splitlines(), n=2, lineterm="")
    )


@pytest.mark.parametrize("name", LEAVES_NONE)
def test_runs_that_leave_no_event_leave_none_on_any_version(machine, bare, name):
    code, *words = LEAVES_NONE[name]
    ran, expected = machine.play(name, *words), bare.play(name, *words)
    assert (ran.code, expected.code, ran.events, ran.said) == (code, code, [], []), ran.err
    assert output(ran, machine) == output(expected, bare)


def test_a_task_to_start_at(machine, bare):
    words = ("--start-at-task", "Deploy")
    ran, expected = machine.play("tagged", *words), bare.play("tagged", *words)
    assert (ran.code, output(ran, machine)) == (0, output(expected, bare))
    assert ran.event["playbook"]["start_at_task"] == "Deploy"
    nowhere = ("--start-at-task", "No such task")
    ran, expected = machine.play("tagged", *nowhere), bare.play("tagged", *nowhere)
    assert (ran.code, ran.events, output(ran, machine)) == (expected.code, [], output(expected, bare))


def test_the_debugger_at_the_end_of_its_input(machine, bare):
    ran, expected = machine.play("debugger"), bare.play("debugger")
    assert (ran.code, output(ran, machine)) == (expected.code, output(expected, bare))
    assert (ran.event["outcome"], ran.task("Change")["outcome"]) == ("partial", "applied")


@pytest.mark.parametrize("core", EVERY)
def test_extra_variables_set_options_where_ansible_gives_them_to_callbacks(core, machine):
    template = "{% raw %}{{ event.environment }}: {{ event.playbook.file }}{% endraw %}"
    given = {"tfevent_environment": "staging", "tfevent_title_template": template}
    given |= {"tfevent_tags": {"team": "web", "tier": 1}, "tfevent_include_hosts": ["web*"]}
    ran = machine.play("ignored", "-e", json.dumps(given))
    recorded = (ran.code, ran.event.get("environment"), ran.event["title"])
    if core.series in NO_OPTIONS_BY_VARIABLES:
        assert recorded == (0, None, "ignored.yml: 1 task changed 1 host")
    else:
        assert recorded == (0, "staging", "staging: ignored.yml")
        assert ran.event["tags"] == {"team": "web", "tier": "1"}


def test_several_playbooks(machine, bare):
    second = [str(each.playbooks / "second.yml") for each in (machine, bare)]
    ran, expected = machine.play("changed", second[0]), bare.play("changed", second[1])
    assert (ran.code, output(ran, machine)) == (expected.code, output(expected, bare))
    assert len(ran.events) == 3, [(event["title"], event.get("outcome"), event["playbook"]) for event in ran.events]
    around, first, then = ran.events
    assert {first["trace"]["parent_run_id"], then["trace"]["parent_run_id"]} == {around["id"]}
    assert [first["playbook"]["file"], then["playbook"]["file"]] == ["changed.yml", "second.yml"]


def test_a_playbook_that_fails_keeps_the_next_from_starting(machine, bare):
    second = [str(each.playbooks / "second.yml") for each in (machine, bare)]
    ran = machine.play("failed_says_changed", second[0])
    expected = bare.play("failed_says_changed", second[1])
    assert (ran.code, output(ran, machine)) == (2, output(expected, bare))
    around, first = ran.events
    assert (around["outcome"], first["outcome"]) == ("partial", "partial")
    assert around["failures"][0]["file"] == "failed_says_changed.yml"
    assert len(ran.said) == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
@pytest.mark.races
def test_a_signal(machine, bare, number):
    ran, expected = cut_short(machine, number), cut_short(bare, number)
    assert ran.code == expected.code
    assert (ran.event["outcome"], ran.task("Wait")["outcome"]) == ("cancelled", "unknown")
    assert ran.task("Change")["outcome"] == "applied"


@pytest.mark.races
def test_a_killed_run_is_closed_by_the_next_run(machine):
    ran = cut_short(machine, signal.SIGKILL, all_of_it=True)
    assert (ran.code, ran.events) == (-signal.SIGKILL, [])
    machine.play("ignored")
    events = {event["playbook"]["file"]: event for event in machine.events()}
    assert set(events) == {"unfinished.yml", "ignored.yml"}
    killed = replace(ran, events=[events["unfinished.yml"]])
    assert (killed.event["outcome"], killed.event["summary"]["hosts"]) == ("unknown", {"changed": 3})
    assert "killed" in killed.event["playbook"]["end"]
    assert killed.task("Change")["task"]["changed_on"] == ["web1", "web2", "web3"]


PLANTED = {
    "inline": "planted-inline-8CqQ",
    "db_password": "planted-whole-8CqQ",
    "greeting": "planted-innocent-8CqQ",  # nothing but the vaulted file says that it is a secret
    "api_token": "planted-extra-8CqQ",
    "nested": "planted-nested-8CqQ",
    "web1": "planted-first-host-8CqQ",
    "web2": "planted-second-host-8CqQ",
}
IN_THE_PLAYBOOK = [f"planted-{name}-8CqQ" for name in ("environment", "no-log", "item", "url", "stats")]
SECRETS = (*PLANTED.values(), *IN_THE_PLAYBOOK, "planted-receiver-8CqQ")


def plant(machine):
    """Files of variables, vaulted by the ansible-vault of this version, and hosts that have a password each."""
    (machine.folder / "vault.key").write_text("open sesame\n")
    machine.environ["ANSIBLE_VAULT_PASSWORD_FILE"] = str(machine.folder / "vault.key")
    inline = machine.run("ansible-vault", "encrypt_string", PLANTED["inline"], "--name", "inline")
    (machine.folder / "inline.yml").write_text(inline.out)
    whole = "".join(f"{name}: {PLANTED[name]}\n" for name in ("db_password", "greeting"))
    (machine.folder / "whole.yml").write_text(whole)
    assert machine.run("ansible-vault", "encrypt", str(machine.folder / "whole.yml")).code == 0
    (machine.playbooks / "host_vars").mkdir()
    for host in ("web1", "web2"):
        (machine.playbooks / "host_vars" / f"{host}.yml").write_text(f"host_password: {PLANTED[host]}\n")


@pytest.mark.parametrize("core", EVERY)
def test_planted_secrets_are_nowhere(machine):
    plant(machine)
    extra = f"api_token={PLANTED['api_token']}", f'{{"nested": {{"password": "{PLANTED["nested"]}"}}}}'
    with Receiver() as receiver:
        ran = machine.play(
            "secrets_everywhere",
            *("-e", extra[0], "-e", extra[1], "--diff"),
            TFEVENT_WEBHOOK_URL=f"{receiver.url}/planted-receiver-8CqQ",
            TFEVENT_ANSIBLE_DIFF_CONTENTS="1",
        )
        assert (ran.code, len(receiver.accepted)) == (0, 1), ran.err
        sent = receiver.accepted[0].body
    assert found_in(SECRETS, ran.out.encode()), "Ansible itself prints them: they are really there"
    assert len([change for change in ran.event["changes"] if change["task"].get("failures")]) >= 6  # with their errors
    assert_nowhere(SECRETS, machine.state, sent, *ran.said, machine.tfevent("list").stdout)
    shown = machine.tfevent("show", ran.event["id"])
    assert_nowhere(SECRETS, shown.stdout, shown.stderr)


def test_nor_those_that_are_there_only_while_a_play_runs(machine):
    check_late(machine)


def output(ran, machine):
    """What Ansible says, without our own lines and what differs from run to run."""
    rest = "".join(line for line in ran.err.splitlines() if "tfevent" not in line)
    err = re.sub(r"\s", "", rest)  # older versions fold it, within names of files, too
    out = _POLLED.sub("", ran.out)
    text = _CHANCE.sub("<some>", f"{out}\n{err}".replace(str(machine.folder), "<folder>"))
    return text[text.index("PLAY RECAP") :] if _FREE in text else text  # hosts by chance: banners and includes, too


def words_of_any_version(text):
    """An event with the words of older versions, one number of forks, and a default left out that may be said."""
    text = _UNDEFINED.sub("Error processing keyword 'hosts': 'nobody_knows' is undefined", text)
    for newer, older in _WORDS:
        text = text.replace(newer, older)
    text = re.sub(r',\n +"status": "failed"(?=\n)', "", text)
    return re.sub(r'"forks": \d+', '"forks": 1', text)


# How often a job is asked about is up to chance; of tasks that are tried a few times, the playbook says how often.
_POLLED = re.compile(r"^(?:FAILED - RETRYING: .*\([3-9]\d retries left\)\.|ASYNC POLL on .*)\n", re.MULTILINE)
_FREE = "PLAY [Each for itself]"
_CHANCE = re.compile(
    r"j?\d{10,}\.\d+"  # jobs
    r"|\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+|\d:\d\d:\d\d\.\d+"  # times
    r"|(?<=ansible-tmp-)[\d.-]+|(?<=ansible-local-)\w+/\w+"
    r"|(?<=\nincluded: )\S+ for .*"  # for which hosts at once is chance under the strategy "free"
)
_UNDEFINED = re.compile(  # until 2.18
    r"The field 'hosts' has an invalid value, which includes an undefined variable\."
    r"(?: The error was: 'nobody_knows' is undefined)?\. 'nobody_knows' is undefined"
)
_WORDS = (
    ("The command exited with a non-zero return code.", "non-zero return code"),  # since 2.21
    ("Task failed: Failed to connect", "Failed to connect"),  # since 2.19
    ("The role 'missing' was not found in: …", "the role 'missing' was not found in …"),  # since 2.21
    ("Unable to retrieve file contents. Could not find", "Could not find"),  # until 2.20
)
