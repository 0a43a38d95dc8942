"""Nothing heavy is imported before terraform starts: held by a list of modules, since clocks are flaky."""

import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tests.support.speed import PATIENT

ROOT = Path(__file__).parents[2]
# what the interpreter itself and site load varies; this is what tfevent adds on top
EXEC_PATH = {
    "tf_wrapper.launch", "tf_wrapper", "tf_wrapper.__main__", "tf_wrapper.subcommands", "tf_wrapper.launch.binary",
    "tf_wrapper.launch.binary_setting", "change_events", "change_events.paths", "_signal",
}  # fmt: skip
OBSERVED_PATH = EXEC_PATH | {
    "change_events.files", "change_events.text", "tf_wrapper.modes", "tf_wrapper.plan",
    "tf_wrapper.launch.arguments", "tf_wrapper.launch.identity", "tf_wrapper.launch.environment",
    "tf_wrapper.launch.output", "change_events.files.rundir", "change_events.files.private_folder",
    "change_events.process", "change_events.output", "tf_wrapper.modes.choice", "tf_wrapper.modes.plan",
    "tf_wrapper.modes.observe",
    "tf_wrapper.modes.apply", "tf_wrapper.launch.workspace", "tf_wrapper.plan.plan_file", "tf_wrapper.modes.plan_phase",
    "tf_wrapper.modes.capture", "change_events.ids", "change_events.trace", "tf_wrapper.configuration.inputs",
    "tf_wrapper.configuration", "tf_wrapper.configuration.files", "change_events.text.lazy_pattern", "fcntl",
    "select", "signal", "termios", "errno", "gc",
}  # fmt: skip
STATE_PATH = OBSERVED_PATH | {
    "tf_wrapper.launch.state_arguments", "tf_wrapper.modes.state_command", "tf_wrapper.state",
    "tf_wrapper.state.location", "tf_wrapper.state.snapshot", "change_events.process.signal_relay",
    "change_events.process.signal_sets",
}  # fmt: skip
# the standard library's own helpers of the above: cheap, and different from version to version
CHEAP = {
    "__future__", "re", "enum", "types", "operator", "_operator", "functools", "collections", "keyword", "reprlib",
    "copyreg", "itertools", "_functools", "_collections", "_sre", "importlib", "warnings", "time", "zlib",
}  # fmt: skip

PROBE = textwrap.dedent("""
    import sys
    before = set(sys.modules)
    import os
    def started(*_, **__):
        ours = set(sys.modules) - before
        names = {name for name in ours if name.partition(".")[0] not in {"encodings", "re", "importlib"}}
        sys.stderr.write("\\n".join(sorted(names)))
        sys.stderr.flush()
        os._exit(0)
    spawn = os.posix_spawn
    def spawned(path, words, *rest, **options):
        return spawn(path, words, *rest, **options) if words[1] in {"version", "fmt"} else started()
    os.execv = os.posix_spawnp = started
    os.posix_spawn = spawned  # asking which terraform it is comes first, and what it loads counts, too
    from tf_wrapper.__main__ import main
    sys.argv = ["tfevent", *sys.argv[1:]]
    main()
""")


# answers as one that can be observed
TERRAFORM = """#!/bin/sh
case "$1" in
  version) echo "Terraform v1.11.4" ;;
  fmt) echo "a = 1" > "$3" ;;
esac
"""


@pytest.mark.parametrize(
    ("argv", "allowed"),
    [
        (["version"], EXEC_PATH),
        (["plan"], OBSERVED_PATH),
        (["apply", "-auto-approve"], OBSERVED_PATH),
        (["destroy"], OBSERVED_PATH),
        (["state", "rm", "a"], STATE_PATH),
        (["taint", "a"], STATE_PATH),
    ],
)
def test_modules_loaded_before_terraform_starts(tmp_path, argv, allowed):
    terraform = tmp_path / "terraform"
    terraform.write_text(TERRAFORM)
    terraform.chmod(0o755)
    (tmp_path / "main.tf").write_text("")
    done = subprocess.run(
        [sys.executable, "-c", PROBE, *argv],
        cwd=tmp_path,
        env={"PATH": str(tmp_path), "HOME": str(tmp_path), "PYTHONPATH": os.pathsep.join([str(ROOT)])},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    loaded = set(done.stderr.split()) - CHEAP
    assert "tf_wrapper.launch.binary" in loaded, done.stderr
    assert loaded - allowed == set()


# `tfevent events run` reads its options with click, which brings a part of the standard library; nothing else does
HEAVY = {
    "msgspec", "sqlite3", "json", "httpx", "yaml", "jinja2", "rich", "subprocess", "dataclasses", "logging",
    "socket", "ssl", "asyncio", "unittest", "hcl2", "tenacity", "certifi", "mcp", "pydantic", "anyio",
    "psycopg",
}  # fmt: skip
OURS = {
    "change_events.cli.render", "change_events.files", "tf_wrapper.record", "change_events", "change_events.cli",
    "change_events.cli.app", "change_events.cli.exit_handling", "change_events.cli.help_examples",
    "change_events.cli.run", "change_events.cli.session", "change_events.cli.explicit_options",
    "change_events.cli.render.terminal", "change_events.command_run", "change_events.command_run.init",
    "change_events.command_run.observe", "change_events.command_run.command", "change_events.errors",
    "change_events.explicit", "change_events.explicit.choices", "change_events.ids", "change_events.output",
    "change_events.paths", "change_events.files.private_folder", "change_events.process",
    "change_events.process.signal_relay", "change_events.files.rundir", "change_events.process.signal_sets",
    "change_events.trace", "tf_wrapper", "tf_wrapper.__main__", "tf_wrapper.subcommands",
    "tf_wrapper.record.events_adapter",
}  # fmt: skip


def test_modules_loaded_before_a_command_starts(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", PROBE, "events", "run", "--kind", "deployment", "--", "true"],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    loaded = set(done.stderr.split())
    assert "change_events.command_run.observe" in loaded, done.stderr
    assert loaded & HEAVY == set()
    assert {name for name in loaded if name.partition(".")[0] in {"change_events", "tf_wrapper"}} - OURS == set()


# what recording a run does without: each was once imported for a function that few runs call, or for none
NOT_TO_RECORD = {
    "typing_extensions", "inspect", "dataclasses", "importlib.resources", "csv", "difflib", "html", "email", "http",
    "hashlib", "hmac", "secrets", "httpx", "ssl", "logging", "traceback", "jinja2", "hcl2", "click", "rich",
    "platform", "textwrap",
}  # fmt: skip
# what the event of a state command does without where no repository and no backend is asked, and nothing is sent
NOT_TO_RECORD_AN_EDIT = NOT_TO_RECORD | {
    "subprocess", "locale", "shutil", "selectors", "change_events.delivery", "tf_wrapper.plan.document",
    "change_events.recording.recovery", "change_events.signals.capacity", "change_events.signals.exposure",
    "change_events.signals.policies", "change_events.signals.watched", "change_events.signals.protectors",
    "change_events.signals.subject", "change_events.cause.earlier_runs", "tf_wrapper.record.explain",
    "tf_wrapper.record.outcome", "json", "queue", "heapq",
}  # fmt: skip
RECORD = """
import sys
import change_events.lean_msgspec
import tf_wrapper.record.run_event, tf_wrapper.plan.reader, tf_wrapper.source, change_events.delivery
from change_events.destinations import get
from change_events.signals.table import table
get("webhook"), table()
print(*sys.modules)
"""


def test_modules_loaded_to_record_a_run_that_another_process_delivers():
    done = subprocess.run(
        [sys.executable, "-S", "-c", f"import sys; sys.path[:0] = {sys.path!r}\n{RECORD}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "msgspec" in done.stdout.split()
    assert set(done.stdout.split()) & NOT_TO_RECORD == set()


def test_modules_loaded_to_record_what_a_state_command_did(tmp_path):
    state = '{"version": 4, "serial": %d, "lineage": "a", "resources": []}'
    (tmp_path / "terraform").write_text(f"#!/bin/sh\necho '{state % 2}' > terraform.tfstate\n")
    (tmp_path / "terraform").chmod(0o755)
    (tmp_path / "terraform.tfstate").write_text(state % 1)
    code = "import sys\nfrom tf_wrapper.__main__ import main\nmain(['state', 'rm', 'a'])\nprint(*sys.modules)"
    environ = {"PATH": f"{tmp_path}:/usr/bin:/bin", "HOME": str(tmp_path), **PATIENT}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environ, capture_output=True, text=True, check=True
    )
    assert "state edited" in done.stderr
    assert set(done.stdout.split()) & NOT_TO_RECORD_AN_EDIT == set()


def test_msgspec_is_complete_without_what_is_kept_from_it():
    code = """
import sys
import change_events.lean_msgspec
import msgspec, typing
class A(msgspec.Struct):
    x: "typing.Annotated[int, msgspec.Meta(ge=1)]"
class B(typing.TypedDict):
    y: "typing.NotRequired[A]"
assert msgspec.json.decode(b'{"y": {"x": 2}}', type=B) == {"y": A(2)}
assert msgspec.json.decode(b"{}", type=B) == {}
assert msgspec.json.schema(A)["$defs"]["A"]["properties"] == {"x": {"type": "integer", "minimum": 1}}
assert msgspec.json.schema_components([A])[0] == ({"$ref": "#/$defs/A"},)
from msgspec import inspect
assert isinstance(inspect.type_info(A), inspect.StructType)
import msgspec.inspect, platform, uuid
assert msgspec.inspect.type_info(int) == msgspec.inspect.IntType()
assert platform.python_version() and uuid.uuid4()
import typing_extensions
print(typing_extensions.__name__)
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("typing_extensions\n", "")


def test_a_msgspec_that_cannot_do_without_is_imported_as_ever():
    code = """
text = open("change_events/lean_msgspec.py").read()
exec(text.replace("def system", "def node"))  # what uuid does not ask for
import msgspec, platform
print(msgspec.json.decode(b"1"), platform.system() != "", type(msgspec.inspect).__name__)
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("1 True module\n", "")


def test_taking_a_run_from_another_program_needs_no_command_line_library():
    """A playbook waits for the first answer."""
    code = "import sys\nfrom tf_wrapper.__main__ import main\nmain(['events', 'record'])\n"
    done = subprocess.run(
        [sys.executable, "-c", code + "print(*sys.modules, file=sys.stderr)"],
        cwd=ROOT,
        input='{"api": 1, "preview": true, "event": {"kind": "deployment", "title": "shop 2.1"}}\n',
        capture_output=True,
        text=True,
        check=True,
    )
    assert '"recorded":false' in done.stdout
    loaded = set(done.stderr.split())
    assert loaded & {"click", "inspect", "typing_extensions", "traceback", "gettext", "email"} == set()


# what reading the journal does without
NOT_TO_READ = {
    "change_events.signals", "change_events.redact.redactor", "change_events.diff", "jinja2", "httpx", "rich",
}  # fmt: skip


@pytest.mark.parametrize("words", [["why", "web"], ["list"], ["show", "last"], ["suspects"]])
def test_modules_loaded_to_read_the_journal(tmp_path, words):
    def run(*words):
        code = f"import sys\nfrom tf_wrapper.__main__ import main\nmain({['events', *words]})\n"
        return subprocess.run(
            [sys.executable, "-c", code + "print(*sys.modules, file=sys.stderr)"],
            cwd=ROOT,
            env={**os.environ, "TFEVENT_STATE_DIR": str(tmp_path)},
            capture_output=True,
            text=True,
            check=True,
        )

    run("send", "--title", "deployed web")
    loaded = set(run(*words).stderr.split())
    assert "change_events.journal.store" in loaded
    assert loaded & NOT_TO_READ == set()


SERVED = "import sys, change_events.cli.mcp, change_events.mcp.tools; print(*sys.modules)"


def test_the_sdk_of_the_protocol_is_imported_by_its_server_only():
    done = subprocess.run([sys.executable, "-c", SERVED], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not {"mcp", "pydantic", "anyio", "starlette"} & set(done.stdout.split())
    importing = re.compile(r"^\s*(import|from) (mcp|pydantic|anyio)\b", re.MULTILINE)
    files = [file for file in (ROOT / "change_events").rglob("*.py") if importing.search(file.read_text())]
    assert {str(file.relative_to(ROOT)) for file in files} == {
        "change_events/mcp/server.py",
        "change_events/mcp/stdio.py",
    }


DELIVERS = """
import sys
from change_events.cli import flush, ledger
from change_events.delivery import postgres_transport
from change_events.destinations import get, kinds
from change_events.ledger import administration, importing, schema, source, writing
[get(kind) for kind in kinds()]
print(*sys.modules)
"""


def test_the_driver_of_postgresql_is_imported_where_it_connects_only():
    done = subprocess.run([sys.executable, "-c", DELIVERS], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not {"psycopg", "psycopg_pool", "psycopg_binary"} & set(done.stdout.split())


def test_the_destination_of_a_ledger_brings_no_journal():
    code = "import sys, change_events.destinations.ledger; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not [
        name for name in done.stdout.split() if name.startswith(("change_events.journal", "change_events.ledger"))
    ]
