# Copyright: the tfevent authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Queries the journal of the controller, through the package or, if that is missing, the command."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

from ansible_collections.tfevent.infra.plugins.plugin_utils import client

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

RUNNING = "running"
EVERYWHERE = "*"
_COMMAND_SECONDS = 30.0
_UNTOUCHED = {"ok", "skipped", "unreachable", "rescued", "ignored"}
_FIELDS = ("id", "title", "kind", "phase", "outcome", "severity", "started_at", "ended_at")
_MORE_FIELDS = ("environment", "service", "version")


class HistoryError(Exception):
    """The journal cannot be read; the text is the reason, without secrets."""


def read(
    filters: Mapping[str, Any], *, environ: Mapping[str, str], directory: str, say: Callable[[str], object]
) -> list[dict[str, Any]]:
    """Return the events that match ``filters``, newest first, in the shape of the published schema.

    Args:
        filters: ``since`` and ``until`` as aware times; ``host``, ``environment``, ``service``, ``tool``, ``outcome``,
            ``text``, ``parent`` as texts. None matches all.
        environ: the environment.
        directory: where ``tfevent.yaml`` is looked for.
        say: takes one line for the user.

    Raises:
        HistoryError: there is no tfevent, or the journal cannot be read.
    """
    conditions = {name: value for name, value in filters.items() if value is not None}
    installation = client.load()
    if installation is None:
        raise HistoryError(client.missing())
    if isinstance(installation, client.CommandCore):
        return _from_command(installation.where, conditions, environ, directory)
    return _from_package(conditions, environ, directory, say)


def entries(events: list[dict[str, Any]], host: str, *, include_unchanged: bool) -> Iterator[dict[str, Any]]:
    """Return the changes of one host in these events, or all of them if ``host`` is ``*``.

    Args:
        events: in the shape of the published schema.
        host: its name in the inventory.
        include_unchanged: include runs that did not change the host, and those only planned or checked.
    """
    for event in events:
        entry = _entry(event, host)
        if include_unchanged or _is_change(event, entry):
            yield entry


def _entry(event: dict[str, Any], host: str) -> dict[str, Any]:
    row: dict[str, Any] = {name: event.get(name) for name in (*_FIELDS, *_MORE_FIELDS)}
    row["outcome"] = row["outcome"] or RUNNING
    row["severity"] = row["severity"] or "info"
    row["tool"] = (event.get("tool") or {}).get("name")
    row["user"] = (event.get("actor") or {}).get("user")
    row["host"] = None if host == EVERYWHERE else host
    row["host_status"] = None if host == EVERYWHERE else _host(event, host).get("status")
    row["changes"] = [change["address"] for change in event.get("changes", ()) if _touches(change, host)]
    return row


def _host(event: dict[str, Any], host: str) -> dict[str, Any]:
    return next((one for one in event.get("hosts", ()) if one.get("name") == host), {})


def _touches(change: dict[str, Any], host: str) -> bool:
    task = change.get("task") or {}
    if host == EVERYWHERE:
        return change.get("outcome", "planned") in {"applied", "failed", "unknown"}
    failed = [one.get("host") for one in task.get("failures", ()) if one.get("status", "failed") == "failed"]
    return host in (*task.get("changed_on", ()), *failed, *task.get("unfinished", ()))


def _is_change(event: dict[str, Any], entry: dict[str, Any]) -> bool:
    if event.get("phase") != "applied" or entry["outcome"] in {"no_change", "declined"}:
        return False
    return bool(entry["changes"]) or entry["host_status"] not in _UNTOUCHED or _was_changed(event, entry["host"])


def _was_changed(event: dict[str, Any], host: str | None) -> bool:
    """Return whether a host was changed; an unreachable one may have been changed before."""
    found = _host(event, host) if host is not None else {}
    return found.get("status") == "unreachable" and found.get("changed", 0) > 0


def _from_package(
    filters: Mapping[str, Any], environ: Mapping[str, str], directory: str, say: Callable[[str], object]
) -> list[dict[str, Any]]:
    from change_events.errors import TfeventError
    from change_events.recording import history

    wanted = {name: value for name, value in filters.items() if name != "outcome" or value != RUNNING}
    if filters.get("outcome") == RUNNING:
        from change_events.journal import RecordState

        wanted["state"] = RecordState.STARTED
    try:
        return history.events(directory, environ, say, **wanted)
    except TfeventError as error:
        raise HistoryError(str(error)) from error


def _from_command(
    command: str, filters: Mapping[str, Any], environ: Mapping[str, str], directory: str
) -> list[dict[str, Any]]:
    words = [command, "events", "list", "--json", "--limit", "0"]
    for name, value in filters.items():
        words += [f"--{name}", value if isinstance(value, str) else value.isoformat()]
    try:
        done = subprocess.run(
            words, env=dict(environ), cwd=directory, capture_output=True, timeout=_COMMAND_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise HistoryError(f"{command}: {type(error).__name__}") from error
    if done.returncode:
        row = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise HistoryError(row[-1] if row else f"{command} failed with exit code {done.returncode}")
    return [json.loads(line) for line in done.stdout.splitlines() if line.strip()]
