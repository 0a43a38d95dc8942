"""Queries terraform, beside a run or after it: `show` of a saved plan, the state, workspaces, the version."""

from __future__ import annotations

import os
import select
import time
from typing import TYPE_CHECKING, Any

from change_events.paths import working_directory
from tf_wrapper.launch.environment import helper_environment

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Mapping, Sequence

    from change_events.process import Signals

_PLAN_SECONDS = 600.0  # a huge plan with many providers; it runs beside the approval or the apply
_STATE_SECONDS = 20.0
_CHUNK = 1 << 20


def plan_json(facts: Mapping[str, Any], path: str, *, seconds: float = _PLAN_SECONDS) -> bytes | None:
    """Return `show -json` of a saved plan; None if it fails or takes too long.

    Args:
        facts: the run's facts (binary, globals, cwd).
        path: absolute path of the plan file.
        seconds: time limit.
    """
    return _ask(facts, ["show", "-json", path], seconds)


def state(facts: Mapping[str, Any], signals: Signals | None = None, *, most: int | None = None) -> bytes | None:
    """Return the raw state before or after a run, from `state pull`; None if it is not available.

    A signal noted by ``signals`` ends the wait, since terraform waits for it. A state larger than ``most`` bytes is not
    read.
    """
    return _ask(facts, ["state", "pull"], _STATE_SECONDS, signals, most)


def workspaces(facts: Mapping[str, Any], signals: Signals | None = None) -> list[str] | None:
    """Return the names printed by `workspace list`; None if it fails."""
    listed = _ask(facts, ["workspace", "list"], _STATE_SECONDS, signals)
    return None if listed is None else [line.lstrip("* ").strip() for line in listed.decode().splitlines()]


def version(binary: str) -> bytes | None:
    """Return `version -json` of a binary."""
    return _ask({"binary": binary, "cwd": working_directory()}, ["version", "-json"], _STATE_SECONDS)


def abandon() -> None:
    """Kill running queries: the answers are no longer needed."""
    for process in tuple(_asked):
        process.kill()


_asked: set[subprocess.Popen[bytes]] = set()


def _ask(
    facts: Mapping[str, Any],
    words: Sequence[str],
    seconds: float,
    signals: Signals | None = None,
    most: int | None = None,
) -> bytes | None:
    import subprocess  # few runs ask anything: with what it brings it costs a twentieth of what a run imports

    try:
        process = subprocess.Popen(
            [str(facts["binary"]), *facts.get("globals", ()), *words],
            cwd=str(facts["cwd"]),
            env=_environment(facts),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,  # never a file: what it prints holds secrets
            stderr=subprocess.DEVNULL,
            process_group=0,  # the terminal's Ctrl-C is for the run, not for our look at it
        )
    except (OSError, subprocess.SubprocessError):
        return None
    with process:
        _asked.add(process)
        try:
            answer = _answer(process, seconds, signals) if most is None else _bounded(process, seconds, signals, most)
        except (OSError, subprocess.SubprocessError):
            process.kill()
            return None
        finally:
            _asked.discard(process)
    return answer if process.returncode == 0 else None


def _answer(process: subprocess.Popen[bytes], seconds: float, signals: Signals | None) -> bytes:
    """Return the output; raises TimeoutExpired after the time limit or a signal."""
    import subprocess

    deadline = time.monotonic() + seconds
    while True:
        try:
            return process.communicate(timeout=seconds if signals is None else 0.1)[0]
        except subprocess.TimeoutExpired:
            if signals is None or signals.received or time.monotonic() > deadline:
                raise


def _bounded(process: subprocess.Popen[bytes], seconds: float, signals: Signals | None, most: int) -> bytes:
    """Return the output likewise; raises SubprocessError for too large an output."""
    import subprocess

    if process.stdout is None:
        raise subprocess.SubprocessError
    descriptor, found = process.stdout.fileno(), bytearray()
    deadline = time.monotonic() + seconds
    while len(found) <= most:
        if select.select([descriptor], [], [], 0.1)[0]:
            part = os.read(descriptor, _CHUNK)
            if not part:
                process.wait(max(deadline - time.monotonic(), 0.1))
                return bytes(found)
            found += part
        if (signals is not None and signals.received) or time.monotonic() > deadline:
            break
    raise subprocess.SubprocessError


def _environment(facts: Mapping[str, Any]) -> dict[str, str]:
    """Return the user's environment, with the variables of the working directory's data from the start of the run."""
    environ = helper_environment(os.environ)
    for name in ("TF_DATA_DIR", "TF_WORKSPACE"):
        if "selected" in facts:
            environ.pop(name, None)
    return {**environ, **facts.get("selected", {})}
