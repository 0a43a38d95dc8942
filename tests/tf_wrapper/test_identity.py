"""Which terraform it is: asked once, remembered, and what is not known runs natively."""

import os
import signal
import subprocess
import sys
import time

import pytest

from change_events.process import Signals
from tests.support.speed import HANG, at_most
from tests.support.terraform import clean_env
from tf_wrapper.launch import identity
from tf_wrapper.plan import plan_file

FORMATS = 'test "$1" = fmt && { echo "a = 1" > "$3"; exit; }\n'
KNOWN = FORMATS + "echo Terraform v1.11.4\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Terraform v1.11.4\non linux_amd64\n", "Terraform 1.11.4"),
        ("OpenTofu v1.9.0\non linux_amd64\n", "OpenTofu 1.9.0"),
        ("Terraform v1.15.0-alpha20260204\n", "Terraform 1.15.0-alpha20260204"),
        ("Terraform v1.17.0-dev\n", "Terraform 1.17.0-dev"),
        ("Terraform v0.11.11\n\n", "Terraform 0.11.11"),
        ("Terraform v2.0.0\n", "Terraform 2.0.0"),
        ("+---+\n| corp |\n+---+\nusing /opt/tf\nTerraform v1.5.7\r\non linux_amd64\n", "Terraform 1.5.7"),
        (
            "Terraform v1.5.7\non linux_amd64\n\nYour version of Terraform is out of date!\nis 1.13.3.\n",
            "Terraform 1.5.7",
        ),
        ("Terraform v1.5.7\nTerraform v0.11.1\n", ""),
        ("terragrunt version v0.55.1\n", ""),
        ("Terraform v1.5\n", ""),
        ("Terraform vNext\n", ""),
        ("Terraform v1.5.7 (or so)\n", ""),
        ('{"terraform_version": "1.5.7"}\n', ""),
        ("", ""),
        ("\x00\ufffd\n", ""),
    ],
)
def test_the_line_of_the_version(text, expected):
    assert identity.parse(text) == expected


@pytest.mark.parametrize(
    ("version", "expected"),
    [("1.0.0", True), ("1.17.0-dev", True), ("0.15.5", False), ("2.0.0", False), ("10.0.0", False), (None, False)],
)
def test_what_can_be_observed(version, expected):
    assert plan_file.streams_applies(version) is expected


@pytest.mark.parametrize(
    ("version", "expected"),
    [("1.0.3", False), ("1.1.2", False), ("1.1.3", True), ("1.1.3-dev", True), ("1.11.4", True), (None, True)],
)
def test_whose_show_reads_a_plan_that_was_applied(version, expected):
    assert plan_file.shows_stale(version) is expected


class Place:
    """A binary, a folder for plans and a state folder; ``asked`` counts the starts of the binary for its version."""

    def __init__(self, folder):
        self.folder = folder
        self.binary = folder / "terraform"
        self.calls = folder / "calls"
        self.run = folder / "state" / "runs" / "id"
        self.run.mkdir(parents=True)

    def script(self, text):
        self.binary.write_text(f'#!/bin/sh\necho "$1" >> {self.calls}\n{text}')
        self.binary.chmod(0o755)

    def identify(self, **environ):
        with Signals() as signals:
            found = identity.identify(
                str(self.binary), str(self.run), str(self.folder / "state"), {**os.environ, **environ}, signals
            )
        return found and f"{found.product} {found.version}"

    @property
    def asked(self):
        return self.calls.read_text().split().count("version") if self.calls.exists() else 0


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return Place(tmp_path)


def test_the_answer_is_remembered_until_the_binary_changes(place):
    place.script(KNOWN)
    assert [place.identify() for _ in range(3)] == ["Terraform 1.11.4"] * 3
    assert place.asked == 1
    place.script(KNOWN.replace("1.11.4", "1.12.0"))
    assert place.identify() == "Terraform 1.12.0"
    assert place.asked == 2
    assert os.listdir(place.run) == []


def test_what_version_managers_choose_by_asks_anew(place):
    place.script(KNOWN)
    place.identify()
    place.identify(TFENV_TERRAFORM_VERSION="1.1.1")
    assert place.asked == 2
    (place.folder / ".terraform-version").write_text("1.2.3")
    place.identify()
    assert place.asked == 3


def test_nothing_of_the_environment_is_kept(place):
    place.script(KNOWN)
    place.identify(TENV_GITHUB_TOKEN="hunter2hunter2", TFENV_REMOTE="https://u:hunter2@x")
    assert "hunter2" not in (place.folder / "state" / identity.NAME).read_text()


@pytest.mark.parametrize(
    "text",
    [
        FORMATS + "echo garbage; head -c 300000 /dev/urandom\n",
        FORMATS + "echo Terraform v1.11.4; exit 1\n",
        FORMATS + "echo Terraform v1.11.4 >&2\n",
        FORMATS + "test -t 0 || { echo the input device is not a TTY >&2; exit 1; }; echo Terraform v1.11.4\n",
        FORMATS + "kill -9 $$\n",
        "echo Terraform v1.11.4\n",  # a container: it does not see our files
        'test "$1" = fmt && { echo No file or directory >&2; exit 2; }\necho Terraform v1.11.4\n',
    ],
)
def test_what_does_not_answer_as_terraform_does_is_not_known(place, text):
    place.script(text)
    assert place.identify() is None
    assert place.identify() is None
    assert place.asked == 1


def test_one_that_cannot_be_executed_is_not_known(place):
    place.binary.write_text("no program")
    place.binary.chmod(0o755)
    assert place.identify() is None


def test_a_binary_that_does_not_answer_is_waited_for_a_while_and_once(place, monkeypatch):
    monkeypatch.setattr(identity, "_SECONDS", 0.5)
    place.script(FORMATS + "sleep 900 & wait\n")
    with at_most(20):
        assert place.identify() is None
    assert place.identify() is None
    assert place.asked == 1


def test_a_signal_ends_the_wait(place):
    place.script(FORMATS + f"kill -TERM {os.getpid()}; sleep 900\n")
    assert place.identify() is None
    place.script(KNOWN)
    assert place.identify() == "Terraform 1.11.4"


@pytest.mark.parametrize("what", ["pipe", "link", "garbage", "folder"])
def test_a_store_that_is_not_ours_is_neither_waited_for_nor_followed(place, what):
    store = place.folder / "state" / identity.NAME
    victim = place.folder / "victim"
    victim.write_text("1\tTerraform 9.9.9\tkey\n")
    if what == "pipe":
        os.mkfifo(store)
    elif what == "link":
        store.symlink_to(victim)
    elif what == "folder":
        store.mkdir()
    else:
        store.write_bytes(b"\xff\0\t\n\t\t\nx\ty\tz\n")
    place.script(KNOWN)
    assert place.identify() == "Terraform 1.11.4"
    assert victim.read_text() == "1\tTerraform 9.9.9\tkey\n"


# -- the whole way ------------------------------------------------------------------------------------------------


def tfevent(tmp_path, script, *words, **options):
    binary = tmp_path / "bin" / "terraform"
    binary.parent.mkdir(exist_ok=True)
    binary.write_text("#!/bin/sh\n" + script)
    binary.chmod(0o755)
    work = tmp_path / "work"
    work.mkdir(exist_ok=True)
    (work / "main.tf").touch()
    environ = {**clean_env(tmp_path / "home"), "TFEVENT_TF_BINARY": str(binary)}
    return subprocess.Popen(
        [sys.executable, "-m", "tf_wrapper", *words],
        cwd=work,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


ECHO = 'case "$1" in apply|plan) echo "[$*]";; state) ;; *) exit 1;; esac\n'


@pytest.mark.parametrize(
    "script",
    [
        ECHO,
        'test "$1" = version && { echo Terraform v0.11.11; exit; }\n' + FORMATS + ECHO,
        'test "$1" = version && { echo Terraform v2.0.0; exit; }\n' + FORMATS + ECHO,
        'test "$1" = version && { echo Terraform v1.5.7; exit; }\n' + ECHO,
    ],
)
def test_the_unknown_gets_the_users_own_words(tmp_path, script):
    for words in (["apply", "-auto-approve", "-var", "a=b c"], ["plan", "-out=x"]):
        out, err = tfevent(tmp_path, script, *words).communicate(timeout=HANG)
        assert out == f"[{' '.join(words)}]\n", err


def test_a_signal_while_terraform_is_identified_ends_the_run_before_it_begins(tmp_path):
    marker = tmp_path / "asked"
    script = f'case "$1" in version) touch {marker}; exec sleep 900;; apply) echo applied;; esac\n'
    process = tfevent(tmp_path, script, "apply", "-auto-approve")
    while not marker.exists():
        time.sleep(0.01)
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=HANG)
    assert (process.returncode, out) == (-signal.SIGTERM, "")


def test_a_plan_that_lies_elsewhere_is_made_and_applied_by_terraform_alone(tmp_path):
    """A program that formats our probe, but keeps its files in a place of its own."""
    script = KNOWN.replace("echo Terraform", '[ "$1" = version ] && echo Terraform')
    script += 'case "$1" in plan) exit 2;; apply) echo "[$*]";; esac\n'
    out, err = tfevent(tmp_path, script, "apply", "-auto-approve").communicate(timeout=HANG)
    assert out == "[apply -auto-approve]\n"
    assert "cannot see it" in err
