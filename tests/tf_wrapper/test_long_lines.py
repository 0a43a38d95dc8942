"""Lines too long to be held are read in pieces, and come out as if they had been read whole."""

import json
import os
import resource
import subprocess
import sys
import textwrap

import pytest

from tests.support.selection import slow, slow_except
from tf_wrapper.launch import arguments
from tf_wrapper.stream import follower as follow
from tf_wrapper.stream import long_lines

CAPTURED = textwrap.dedent("""
    import resource, sys, time
    from tf_wrapper.launch import arguments
    from tf_wrapper.stream import follower as follow
    parsed = arguments.parse(["apply", *sys.argv[2:]], {})
    view = follow.raw(planned_here=True, held=(), destroy=False) if parsed.flag("json") else follow.human(
        parsed, (), planned_here=True)
    before = resource.getrusage(resource.RUSAGE_SELF)
    follower = follow.Follower(sys.argv[1], view)
    follower.pump()
    follower.close()
    after = resource.getrusage(resource.RUSAGE_SELF)
    print((after.ru_maxrss - before.ru_maxrss) // 1024, after.ru_utime + after.ru_stime - before.ru_utime
        - before.ru_stime, file=sys.stderr)
""")
ADDRESS = 'module.m["a}\\"b"].terraform_data.é'


def message(output):
    hook = {"resource": {"addr": ADDRESS, "resource_key": 'a},"provisioner":"'}, "provisioner": "local-exec"}
    return {
        "@level": "info",
        "@message": f"{ADDRESS}: (local-exec): {output}",
        "@module": "terraform.ui",
        "@timestamp": "2026-01-02T03:04:05.000000Z",
        "hook": {**hook, "output": output},
        "type": "provision_progress",
    }


def line(output, *, ascii_only=True):
    return json.dumps(message(output), separators=(",", ":"), ensure_ascii=ascii_only).encode() + b"\n"


def followed(path, *words):
    """What is printed, and the megabytes and CPU seconds that it took."""
    done = subprocess.run(
        [sys.executable, "-c", CAPTURED, str(path), *words], capture_output=True, check=True, env={**os.environ}
    )
    memory, seconds = done.stderr.split()
    return done.stdout, int(memory), float(seconds)


TEXTS = {
    "plain": "x" * 5_000_000,
    "escapes": '"\\\n\t\x1b[1m<&>\u2028' * 600_000,
    "backslashes": "\\" * 5_000_000,
    "pairs": "\U0001f600é" * 700_000,
    "three-bytes": "あ" * 1_700_001,
    "like-a-message": '","@module":"terraform.ui","hook":{"output":"x"},"type":"provision_progress"}' * 70_000,
}


@pytest.mark.parametrize("ascii_only", [True, slow(False)])
@pytest.mark.parametrize("name", slow_except(TEXTS, "escapes", "pairs", "like-a-message"))
def test_a_long_line_comes_out_as_a_short_one_does(tmp_path, name, ascii_only):
    text = TEXTS[name]
    path = tmp_path / "stream"
    path.write_bytes(line("before") + line(text, ascii_only=ascii_only) + line("after"))
    out, _, _ = followed(path, "-no-color")
    prefix = f"{ADDRESS} (local-exec): "
    assert out.decode() == f"{prefix}before\n{prefix}{text}\n{prefix}after\n"
    out, _, _ = followed(path, "-json", "-auto-approve")
    assert out == path.read_bytes()


def test_a_long_line_without_an_end_is_shown_when_the_stream_ends(tmp_path):
    path = tmp_path / "stream"
    path.write_bytes(line("x" * 5_000_000)[:-1])
    assert followed(path, "-no-color")[0].endswith(b"xxx\n")


def test_a_long_line_that_grows_while_it_is_read(tmp_path):
    text = "\\é\n" * 2_000_000
    data = line(text) + line("after")
    path = tmp_path / "stream"
    shown = []
    path.touch()
    view = follow.human(arguments.parse(["apply", "-no-color"], {}), (), planned_here=True)
    view.flush = lambda: None
    view.long_line = lambda *place: shown.append(place) or long_lines.is_provisioner_output(*place)
    view.show = shown.append
    follower = follow.Follower(str(path), view)
    with path.open("ab", buffering=0) as file:
        for start in range(0, len(data), 3_000_001):
            file.write(data[start : start + 3_000_001])
            follower.pump()
    follower.close()
    (_, start, end), after = shown
    assert data[start : end + 1] == line(text)
    assert after + b"\n" == line("after")


def test_another_long_message_is_read_whole(tmp_path):
    detail = "word " * 1_200_000
    found = {"type": "diagnostic", "diagnostic": {"severity": "error", "summary": "Long", "detail": detail}}
    path = tmp_path / "stream"
    path.write_bytes(json.dumps(found).encode() + b"\n")
    descriptor = os.open(path, os.O_RDONLY)
    assert not long_lines.is_provisioner_output(descriptor, 0, path.stat().st_size - 1)
    os.close(descriptor)
    follower = follow.Follower(str(path), follow.unseen())
    follower.close()
    (diagnostic,) = follower.result().diagnostics
    assert diagnostic.detail == detail


@pytest.mark.skipif(sys.platform != "linux", reason="maxrss is in bytes elsewhere")
@pytest.mark.parametrize("words", [("-no-color",), ("-json", "-auto-approve")])
def test_memory_does_not_grow_with_lines_nor_with_their_length(tmp_path, words):
    path = tmp_path / "stream"
    path.write_bytes(line("y" * 100) * 200_000 + line("x" * 50_000_000))
    _, memory, _ = followed(path, *words)
    assert memory < 40  # megabytes: a chunk, a piece, and what a regular expression makes of them


def test_following_costs_no_more_than_reading_json(tmp_path):
    """In units of this machine: what msgspec takes to decode the same lines. Seen: 3 to 5; it was 27 once."""
    import msgspec

    path = tmp_path / "stream"
    lines = [line(f"line {number} of what a provisioner prints") for number in range(100_000)]
    path.write_bytes(b"".join(lines))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_utime
    for one in lines:
        msgspec.json.decode(one)
    unit = resource.getrusage(resource.RUSAGE_SELF).ru_utime - before
    _, _, seconds = followed(path, "-no-color")
    assert seconds < 12 * unit
