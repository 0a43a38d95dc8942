# Copyright: the tfevent authors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""The event of a command with several playbooks, with their totals; details are in the playbooks' events."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

from ansible_collections.tfevent.infra.plugins.plugin_utils.run_document import (
    SIGNALS,
    Identity,
    Paths,
    circumstances,
    moment,
    tally,
)
from ansible_collections.tfevent.infra.plugins.plugin_utils.task_log import WORST_FIRST

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ansible_collections.tfevent.infra.plugins.plugin_utils.records import Circumstances
    from ansible_collections.tfevent.infra.plugins.plugin_utils.run_log import RunLog

_GOOD = {"succeeded", "no_change"}


class CommandLog:
    """The playbooks of one command so far.

    Args:
        about: circumstances of the first playbook.
    """

    def __init__(self, about: Circumstances) -> None:
        self._about = about
        self._outcomes: list[str] = []
        self._tasks: dict[str, int] = {}
        self._hosts: dict[str, str] = {}
        self._by_type: dict[str, int] = {}
        self._failures: list[dict[str, Any]] = []

    def add(self, run: RunLog, about: Circumstances, answer: Mapping[str, Any]) -> None:
        """Add a playbook that has ended; ``answer`` is the session's answer for its event."""
        event = answer["event"]
        summary = event.get("summary", {})
        self._outcomes.append(str(answer.get("outcome")))
        _sum(self._tasks, summary.get("tasks", {}))
        _sum(self._by_type, summary.get("by_type", {}))
        for name, host in run.hosts.items():
            self._hosts[name] = min(host.status, self._hosts.get(name, host.status), key=WORST_FIRST.index)
        if answer.get("outcome") not in _GOOD:
            file = Paths(about.directory).name(about.file) if about.file else None
            self._failures.append({"summary": str(answer["title"]), "file": file})

    def event(self, identity: Identity, *, over: bool = False, end: str | None = None) -> dict[str, Any]:
        """Return the event in the shape of the published schema."""
        about = self._about
        changed = self._tasks.get("changed", 0)
        document = circumstances(about, identity)
        document["playbook"] |= {"file": ", ".join(os.path.basename(name) for name in about.playbooks)}
        document["summary"] = {
            "counts": {"change": changed},
            "hosts": tally(self._hosts.values()),
            "tasks": self._tasks,
            "by_type": self._by_type,
        }
        document["failures"] = self._failures
        if end is not None:
            document["playbook"]["end"] = end
        if over:
            document |= {"outcome": self._outcome(end), "ended_at": moment(max(time.time(), identity.started_at))}
        return document

    def _outcome(self, end: str | None) -> str:
        """Return the worst outcome of its playbooks; success and failure together are partial."""
        found = set(self._outcomes)
        if end in SIGNALS.values() or "cancelled" in found:
            return "cancelled"
        if end is None and not found & {"failed", "partial"}:
            return "succeeded" if "succeeded" in found else "no_change"
        return "failed" if found <= {"failed", "no_change"} else "partial"


def _sum(total: dict[str, int], more: Mapping[str, int]) -> None:
    for name, number in more.items():
        total[name] = total.get(name, 0) + number
