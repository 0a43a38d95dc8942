# Copyright: the tfevent authors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""The counts of Ansible's recap: counted result by result like Ansible, and compared with its own at the end.

If they differ, the recap's counts are recorded, and the event says so in ``data.reconciled``::

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
    """Count one result like the recap.

    Args:
        counts: the counts of its host.
        is_include: the task is ``include_tasks`` or ``include_role``, which count when the file or role is loaded.
        status: how it ended; a change that tfevent does not count is still ``ok`` and ``changed`` here.
        changed: the module's own value.
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
    """Replace the counts with the recap's; see :meth:`.run_log.RunLog.is_over`. Returns those that differed."""
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
    """Return the differing counts by name; rescued failures are not always known before the recap."""
    least, most = host.may_be_rescued()
    ours = {name: host.counts[name] for name in _FIGURES}
    ours[RESCUED] = min(max(theirs.get(RESCUED, 0), least), most)
    ours[FAILED] = host.counts[FAILED] + host.counts[RESCUED] - ours[RESCUED]
    return {
        name: {"recap": theirs.get(name, 0), "counted": number}
        for name, number in ours.items()
        if number != theirs.get(name, 0)
    }
