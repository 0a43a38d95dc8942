"""The pipe to the process that records: what is written there is not waited for, and is not lost either."""

import sys

import pytest
from ansible_collections.tfevent.infra.plugins.plugin_utils.pipe import PipeSession

from tests.support.receiver import wait_for
from tests.support.speed import at_most

SLOW_READER = """
import pathlib, sys, time
sys.stdin.buffer.readline()
print('{"id": "1", "state": "started"}', flush=True)
print("tfevent: a mistake", file=sys.stderr, flush=True)
time.sleep(0.5)
pathlib.Path(sys.argv[1]).write_text(str(len(sys.stdin.buffer.read())))
"""


def session(tmp_path, code, said):
    return PipeSession([sys.executable, "-c", code, str(tmp_path / "read")], {}, str(tmp_path), said.append)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # it is left to itself, on purpose
def test_a_checkpoint_of_thousands_of_hosts_is_on_its_way_before_the_kill(tmp_path):
    run = session(tmp_path, SLOW_READER, [])
    run.start({})
    with at_most(0.3, "nobody waits for it"):
        run.checkpoint({"hosts": "x" * 600_000})
    run.close()
    read = tmp_path / "read"
    wait_for(lambda: read.exists() and read.read_text())
    assert int(read.read_text()) > 600_000


CHATTY = """
import sys
for number, line in enumerate(sys.stdin):
    print(f"tfevent: mistake {number}", file=sys.stderr, flush=True)
    print('{"id": "1"}' if number else '{"state": "started"}', flush=True)
"""


def test_each_line_for_the_user_is_said_once_and_when_it_comes(tmp_path):
    said = []
    run = session(tmp_path, CHATTY, said)
    run.start({})
    assert said == ["mistake 0"]
    run.settle({})
    assert said == ["mistake 0", "mistake 1"]
