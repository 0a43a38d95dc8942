"""Settings: nearest file wins, variables above, every mistake at once, no secret shown."""

import os
import re
import shutil

import pytest

from change_events.errors import SettingsError
from change_events.settings import Settings
from change_events.text.placeholders import filled
from tests.cli.home import Home
from tests.support.receiver import Receiver
from tests.support.trusted import load, load_leniently

SECRET = "11111111-2222-3333-4444-555555555555"


@pytest.fixture(autouse=True)
def _own_config(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


def written(folder, text):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tfevent.yaml").write_text(text)
    (folder / "tfevent.yaml").chmod(0o600)
    return folder


def test_nothing_set_is_enough(tmp_path):
    assert load(tmp_path, {}) == Settings()


def test_nearest_file_wins_per_key_and_variables_win_over_all(tmp_path):
    written(tmp_path / "config" / "tfevent", "service: mine\nenvironment: user\n")
    written(tmp_path / "a", "environment: outer\nbudget: 9\ntags: {team: x, zone: 1}\n")
    inner = written(tmp_path / "a" / "b", "environment: inner\ntags: {team: y}\n")
    got = load(inner, {"TFEVENT_BUDGET": "1.5", "TFEVENT_TAGS": "zone=2"})
    assert (got.environment, got.service, got.budget) == ("inner", "mine", 1.5)
    assert got.tags == {"team": "y", "zone": "2"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("enviroment: x\n", ":1: enviroment: no such key: did you mean environment?"),
        ("budget: 1\nbudget: 2\n", ":2: budget: is there twice"),
        ("\nenvironment: ${NOPE}\n", ":2: environment: the variable NOPE is not set"),
        ("report: sometimes\n", "expected one of changed, always, failed"),
        ("message_bytes: -1\n", "expected a whole number above 0"),
        ("quiet: maybe\n", "expected true or false"),
        ("redact: {patterns: ['(']}\n", "pattern 1 is not a regular expression"),
        ("redact: {pattern: [x]}\n", "redact.pattern: no such key: did you mean patterns?"),
        ("destinations: {a: {kind: sematex}}\n", "destinations.a: expected `kind:`, one of sematext"),
        ("destinations: {sematext: {region: eu}}\n", "destinations.sematext.token: missing"),
        (
            "destinations: {sematext: {token: t, regoin: eu}}\n",
            "regoin: sematext has no such option: did you mean region?",
        ),
        ("destinations:\n  a:\n    kind: webhook\n    url: ${NOPE}\n", ":4: destinations.a.url: the variable NOPE"),
        ("destinations: {sematext: {token_command: ' '}}\n", "the command is empty"),
        ("budget: .inf\n", "expected a number above 0"),
        ("destinations: {sematext: {token_file: none}}\n", "cannot be read (No such file or directory)"),
        ("destinations: {sematext: {token_file: /dev/zero}}\n", "/dev/zero is longer than 1,000,000 bytes"),
        ("destinations: {sematext: {token_file: /}}\n", "cannot be read (Is a directory)"),
        ("destinations: {sematext: {token_command: 'false'}}\n", "the command ends with exit code 1"),
        ("destinations: {sematext: {token_command: 'no-such-command'}}\n", "no such command"),
        ("destinations: {sematext: {token_command: /}}\n", "the command cannot be started (Permission denied)"),
        ('destinations: {sematext: {token_command: "echo \'"}}\n', "the command cannot be read: close its quotes"),
        (
            "destinations: {sematext: {token_command: \"sh -c 'kill -9 $$$$'\"}}\n".replace("$$$$", "$$"),
            "the command was killed by signal 9",
        ),
        ("a: [\n", "is not valid YAML"),
        ("- a\n", "expected keys and values"),
    ],
)
def test_a_mistake_says_where_what_and_how(tmp_path, text, words):
    with pytest.raises(SettingsError, match=r"tfevent\.yaml:") as caught:
        load(written(tmp_path, text), {})
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("text", "field", "kept", "words"),
    [
        ("redact: {patterns: [ok-1, '(', ok-2, '[']}", "redact_patterns", ("ok-1", "ok-2"), "; pattern 4 is no"),
        ("redact: {names: [pin, {a: b}, null, badge]}", "redact_names", ("pin", "badge"), "expected a list of texts"),
        ("redact: {patterns: ['(']}", "redact_patterns", (), "pattern 1 is no"),
    ],
)
def test_one_bad_entry_of_a_list_takes_no_other_one_with_it(tmp_path, text, field, kept, words):
    settings, (mistake,) = load_leniently(written(tmp_path, f"{text}\n"), {})
    assert getattr(settings, field) == kept
    assert words in mistake


def test_what_is_meant_as_a_text_stays_as_it_is_written(tmp_path):
    got = load(
        written(
            tmp_path,
            "environment: no\nservice: 1.10\ntags: {release: 2026.10, canary: Yes, night: 22:30, hex: 0x1F}\n"
            "redact: {names: [007, on]}\nquiet: yes\nbudget: 1_000\n"
            "destinations: {sematext: {token: 0123, when: {environment: [no, 1.10], tags: {release: 2026.10}}}}\n",
        ),
        {},
    )
    assert (got.environment, got.service, got.redact_names) == ("no", "1.10", ("007", "on"))
    assert got.tags == {"release": "2026.10", "canary": "yes", "night": "22:30", "hex": "0x1F"}
    assert (got.quiet, got.budget) == (True, 1000)
    (sematext,) = got.destinations
    assert sematext.options["token"] == "0123"
    (when,) = sematext.routing.when
    assert when.environment.match("1.10")
    assert when.environment.match("no")
    assert when.tags["release"].match("2026.10")


def test_a_secret_comes_through_a_pipe(tmp_path):
    reader, writer = os.pipe()
    os.write(writer, b"through-a-pipe\n")
    os.close(writer)
    written(tmp_path, f"destinations: {{sematext: {{token_file: /dev/fd/{reader}}}}}\n")
    assert load(tmp_path, {}).destinations[0].options["token"] == "through-a-pipe"
    os.close(reader)


def test_a_command_that_does_not_end_is_ended(tmp_path, monkeypatch):
    monkeypatch.setattr("change_events.settings.destinations._COMMAND_SECONDS", 1.0)
    text = "destinations: {sematext: {token_command: 'sleep 900'}}\n"
    with pytest.raises(SettingsError, match=r"tfevent\.yaml:.*the command takes longer than 1 s"):
        load(written(tmp_path, text), {})


def test_a_pipe_that_nobody_writes_to_is_waited_for_no_longer_than_a_command(tmp_path, monkeypatch):
    monkeypatch.setattr("change_events.settings.values._FILE_SECONDS", 2.0)
    reader, writer = os.pipe()
    written(tmp_path, f"destinations: {{sematext: {{token_file: /dev/fd/{reader}}}}}\n")
    with pytest.raises(SettingsError, match=r"returned no data within 2 s: write to it, or name a file"):
        load(tmp_path, {})
    os.close(reader)
    os.close(writer)


@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo], ids=["folder", "pipe"])
def test_what_is_no_file_is_a_mistake_and_the_others_are_read(tmp_path, make):
    inner = written(tmp_path, "service: web\n") / "inner"
    inner.mkdir()
    make(inner / "tfevent.yaml")
    got, problems = load_leniently(inner, {})
    assert (got.service, got.files) == ("web", (tmp_path / "tfevent.yaml",))
    assert problems == (f"{inner}/tfevent.yaml: is not a regular file: replace or remove it",)


def test_off_is_a_word_here_though_yaml_reads_false(tmp_path):
    assert load(written(tmp_path, "plans: off\n"), {}).plans == "off"


def test_all_mistakes_come_at_once_and_the_rest_is_used(tmp_path):
    got, problems = load_leniently(written(tmp_path, "budget: x\nservice: web\nplan: off\n"), {"TFEVENT_QUIET": "1"})
    assert (got.service, got.quiet, len(problems)) == ("web", True, 2)


def test_a_token_alone_makes_a_destination(tmp_path):
    (made,) = load(tmp_path, {"TFEVENT_SEMATEXT_TOKEN": SECRET, "TFEVENT_SEMATEXT_REGION": "eu"}).destinations
    assert (made.name, made.kind, made.options) == ("sematext", "sematext", {"token": SECRET, "region": "eu"})


def test_a_secret_comes_from_a_variable_a_file_or_a_command(tmp_path):
    (tmp_path / "token").write_text(f"{SECRET}\n")
    text = (
        "destinations:\n  a: {kind: sematext, token: '${TOKEN}'}\n  b: {kind: sematext, token_file: token}\n"
        "  c: {kind: sematext, token_command: cat token}\n"
    )
    got = load(written(tmp_path, text), {"TOKEN": SECRET})
    assert [made.options["token"] for made in got.destinations] == [SECRET] * 3
    assert SECRET not in repr(got)


def test_a_secret_comes_from_what_a_variable_names(tmp_path):
    (tmp_path / "token").write_text(f"{SECRET}\n")
    for variable, value in (("FILE", "token"), ("COMMAND", "cat token")):
        (made,) = load(tmp_path, {f"TFEVENT_SEMATEXT_TOKEN_{variable}": value}).destinations
        assert made.options["token"] == SECRET
    nearer = {"TFEVENT_SEMATEXT_TOKEN": "nearer", "TFEVENT_SEMATEXT_TOKEN_FILE": "token"}
    assert load(tmp_path, nearer).destinations[0].options["token"] == "nearer"
    missing = load_leniently(tmp_path, {"TFEVENT_SEMATEXT_TOKEN_COMMAND": f"false {SECRET}"})[1]
    assert len(missing) == 1
    assert missing[0].startswith("TFEVENT_SEMATEXT_TOKEN_COMMAND: ")
    assert SECRET not in missing[0]


def test_no_mistake_shows_a_secret(tmp_path):
    text = f"destinations:\n  a: {{kind: webhook, url: 'nourl {SECRET}'}}\n"
    text += f"  b: {{kind: webhook, url_command: 'false {SECRET}'}}\n"
    _, problems = load_leniently(written(tmp_path, text), {})
    assert len(problems) == 2
    assert SECRET not in "".join(problems)


def test_a_secret_that_everybody_can_read_is_a_warning_only(tmp_path):
    folder = written(tmp_path, f"destinations: {{sematext: {{token: {SECRET}}}}}\n")
    (folder / "tfevent.yaml").chmod(0o644)
    assert load(folder, {}).destinations
    settings, mistakes = load_leniently(folder, {})
    assert mistakes == ()
    (warning,) = settings.warnings
    assert "everybody can read" in warning
    assert SECRET not in warning


def test_all_secrets_that_everybody_can_read_are_named(tmp_path):
    options = f"kind: webhook, url: 'https://example.com/{SECRET}', secret: {SECRET}, headers: {{A: '${{B}}'}}"
    (written(tmp_path, f"destinations: {{a: {{{options}}}}}\n") / "tfevent.yaml").chmod(0o644)
    (warning,) = load(tmp_path, {"B": "b"}).warnings
    assert "a.url, a.secret: everybody can read these secrets: chmod 600, or NAME_file" in warning
    assert SECRET not in warning


def test_doctor_warns_of_it_and_finds_nothing_wrong(tmp_path):
    home = Home(tmp_path)
    with Receiver() as receiver:
        options = f"token: {SECRET}, receiver: '{receiver.url}'"
        (written(tmp_path, f"destinations: {{sematext: {{{options}}}}}\n") / "tfevent.yaml").chmod(0o644)
        done = home.run("doctor", env={"TFEVENT_TF_BINARY": shutil.which("terraform") or ""})
    (line,) = [line for line in done.stdout.decode().splitlines() if "everybody can read" in line]
    assert line.startswith("warning")
    assert SECRET not in done.stdout.decode() + done.stderr.decode()
    assert not re.search("^error +settings", done.stdout.decode(), re.MULTILINE)


def test_a_template_comes_from_a_file_beside_the_settings(tmp_path):
    (tmp_path / "title.j2").write_text("{{ outcome }} $${x}")
    assert load(written(tmp_path, "title_template_file: title.j2\n"), {}).title_template == "{{ outcome }} $${x}"
    with pytest.raises(SettingsError, match=r"message_template_file: .*cannot be read"):
        load(written(tmp_path, "message_template_file: none.j2\n"), {})


def test_placeholders_are_filled_in(tmp_path):
    settings = load(tmp_path, {"TFEVENT_ENVIRONMENT": "{workspace}-{directory}"})
    assert filled(settings.environment, workspace="blue", directory="net") == "blue-net"
    assert filled(None, workspace="blue") is None
    assert filled("{workspace}", workspace=None) is None


def test_no_other_placeholder_is_taken(tmp_path):
    with pytest.raises(SettingsError, match=r"expected \{workspace\} or \{directory\}"):
        load(written(tmp_path, "environment: '{workspaces}'\n"), {})


def test_our_own_variables_are_never_called_unknown(tmp_path):
    own = "DISABLE QUIET DEBUG STATE_DIR JOURNAL TF_BINARY RUN_ID SEMATEXT_TOKEN SEMATEXT_REGION SEMATEXT_RECEIVER"
    own += " WEBHOOK_URL WEBHOOK_SECRET ANSIBLE_INCLUDE_TAGS"
    names = [f"TFEVENT_{name}" for name in own.split()]
    values = {"TFEVENT_SEMATEXT_REGION": "eu"}
    for name in names:
        _, mistakes = load_leniently(tmp_path, {name: values.get(name, "1")})
        assert not [mistake for mistake in mistakes if "no such variable" in mistake]
    assert "did you mean" in load_leniently(tmp_path, {"TFEVENT_SERVISE": "x"})[1][0]


@pytest.mark.parametrize("word", ["off", "Off", "OFF", "no", "false"])
def test_off_is_off_however_yaml_reads_it(tmp_path, word):
    assert load(written(tmp_path, f"plans: {word}\n"), {}).plans == "off"


@pytest.mark.parametrize("text", ["0b_", "0x_", "9" * 5000, "!!bool maybe"])
def test_what_looks_like_a_number_and_is_none_is_a_text(tmp_path, text):
    assert load(written(tmp_path, f"service: {text}\nenvironment: prod\n"), {}).service == text.removeprefix("!!bool ")


def test_figures_of_conditions_are_read_as_numbers(tmp_path):
    hook = "destinations: {h: {kind: webhook, url: 'https://x.example', when: {counts: {destroy: 0x1, create: 1_000}}}}"
    (found,) = load(written(tmp_path, f"{hook}\n"), {}).destinations
    assert found.routing.when[0].counts.keys() == {"destroy", "create"}


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("[status, comment]", ["status", "comment"]),
        ("status", ["status"]),
        ("status, deployment", ["status", "deployment"]),
        ("${WANTED}", ["comment", "status"]),
        ("[nothing]", None),
        ("[]", None),
        ("{a: b}", None),
        ("3", None),
    ],
)
def test_an_option_may_be_a_list_of_words(tmp_path, given, meant):
    written(tmp_path, f"destinations:\n  one:\n    kind: github\n    token: t\n    publish: {given}\n")
    found, problems = load_leniently(tmp_path, {"WANTED": "comment,status", "XDG_CONFIG_HOME": str(tmp_path)})
    if meant is None:
        assert "publish: expected a list of comment, status, deployment" in " ".join(map(str, problems))
    else:
        assert found.destinations[0].options["publish"] == meant


def test_a_list_of_words_may_come_from_a_variable(tmp_path):
    variables = {"TFEVENT_GITHUB_TOKEN": "t", "TFEVENT_GITHUB_PUBLISH": "comment deployment"}
    assert load(tmp_path, variables).destinations[0].options["publish"] == ["comment", "deployment"]
