# Copyright: the tfevent authors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""The figures of Ansible's recap: counted result by result as Ansible does, and compared with its own at the end.

Where they differ, the recap's are recorded, and the event says so in ``data.reconciled``::

    {"web1": {"ok": {"recap": 6, "counted": 4}}}
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ansible_collections.tfevent.infra.plugins.plugin_utils.records import FAILED, OK, SKIPPED, UNREACHABLE
from ansible_collections.tfevent.infra.plugins.plugin_utils.task_log import CHANGED, IGNORED, RESCUED, HostLog

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST_HOSTS = 100  # of which an event says that they were reconciled
_FIGURES = (OK, CHANGED, UNREACHABLE, SKIPPED, IGNORED)


def count(counts: dict[str, int], is_include: bool, status: str, *, changed: bool) -> None:
    """Count one result as the recap does.

    Args:
        counts: the figures of its host.
        is_include: of ``include_tasks`` or ``include_role``, which count where the file or role is loaded, or not.
        status: how it ended; a change that is none to us is still ``ok`` and ``changed`` here.
        changed: what the module says.
    """
    if status in {OK, CHANGED}:
        if not is_include:
            counts[OK] += 1
            counts[CHANGED] += changed
        return
    counts[status] += 1
    if status == IGNORED:
        counts[OK] += 1
        counts[CHANGED] += changed


def take_over(
    hosts: Mapping[str, HostLog], figures: Mapping[str, Mapping[str, int]], *, all_counted: bool
) -> dict[str, dict[str, dict[str, int]]]:
    """Let the recap have the last word; see :meth:`.run_log.RunLog.is_over`. Returns the figures that differed."""
    reconciled: dict[str, dict[str, dict[str, int]]] = {}
    for name, host in hosts.items():
        theirs = figures.get(name, {})
        differing = _differing(host, theirs) if all_counted else {}
        host.set_rescued(theirs.get(RESCUED, 0))
        if differing:
            host.counts.update({figure: theirs.get(figure, 0) for figure in host.counts})
            if len(reconciled) < MOST_HOSTS:
                reconciled[name] = differing
    return reconciled


def _differing(host: HostLog, theirs: Mapping[str, int]) -> dict[str, dict[str, int]]:
    """Figures that differ, by name; which failures were rescued is not always known before the recap."""
    least, most = host.may_be_rescued()
    ours = {name: host.counts[name] for name in _FIGURES}
    ours[RESCUED] = min(max(theirs.get(RESCUED, 0), least), most)
    ours[FAILED] = host.counts[FAILED] + host.counts[RESCUED] - ours[RESCUED]
    return {
        name: {"recap": theirs.get(name, 0), "counted": number}
        for name, number in ours.items()
        if number != theirs.get(name, 0)
    }
