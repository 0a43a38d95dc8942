"""A window that is resized during a run: terraform sees the new size, as it does without tfevent."""

import sys

import pytest

from tests.support.live import TFEVENT, Stack
from tests.support.pty import TERMINAL, WIDE, Session
from tests.support.terraform import binaries

pytestmark = pytest.mark.e2e

# a terraform that waits, before its plan, for the terminal on its standard output to have another size
SLOW = """#!{python}
import os, sys, time
if "plan" in sys.argv[1:] or sys.argv[1:2] == ["apply"] and "-json" not in sys.argv:
    before = os.get_terminal_size(1)
    open("ready", "w").close()
    end = time.monotonic() + 60
    while os.get_terminal_size(1) == before and time.monotonic() < end:
        time.sleep(0.02)
    with open("size", "w") as file:
        file.write("%d %d" % os.get_terminal_size(1))
os.execv({binary!r}, [{binary!r}, *sys.argv[1:]])
"""
CODE = 'resource "terraform_data" "a" {\n  input = 1\n}\n'


@pytest.mark.parametrize("line", ["apply -auto-approve", "plan"])
def test_terraform_sees_the_new_size(line, tmp_path):
    script = tmp_path / "terraform"
    script.write_text(SLOW.format(python=sys.executable, binary=str(binaries()[0].path)))
    script.chmod(0o755)
    stack = Stack(tmp_path, CODE, env={"TFEVENT_TF_BINARY": str(script)})
    shown = []
    for argv in ([str(script), *line.split()], [*TFEVENT, *line.split()]):
        with Session(argv, cwd=stack.code, env=stack.env, stdio=TERMINAL) as session:
            session.expect_file(stack.code / "ready")
            session.resize(WIDE.columns, WIDE.rows)
            result = session.finish()
        assert result.code == 0, result.stdout
        assert (stack.code / "size").read_text() == f"{WIDE.columns} {WIDE.rows}"
        shown.append([len(part) for part in result.stdout.decode().split() if "───" in part])
        for path in stack.code.iterdir():
            if path.suffix != ".tf":
                path.unlink()
    assert shown[0] == shown[1]
