# Copyright: the tfevent authors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Extracts plain values from Ansible's objects: playbooks, tasks, results, and the recap of a host."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from ansible_collections.tfevent.infra.plugins.plugin_utils import blocks, command, records, variables
from ansible_collections.tfevent.infra.plugins.plugin_utils.learning import INCLUDES_VARIABLES, SETS_FACTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

MEANT = {"ansible_job_id", "attempts", "censored", "id", "ids", "results"}
"""Keys of a result that are recorded although nothing has changed."""
_FIGURES = {"failures": records.FAILED}  # figures of the recap that have another name in events
_AD_HOC = "__adhoc_playbook__"


def circumstances(playbook: Any, options: Mapping[str, Any], version: str) -> records.Circumstances:
    """Return the circumstances of a playbook run.

    Args:
        playbook: the playbook.
        options: options of Ansible's command line.
        version: version of ansible-core.
    """
    file = playbook._file_name
    plays = playbook.get_plays()
    extra = plays[0].get_variable_manager().extra_vars if plays else {}
    return records.Circumstances(
        file=None if file == _AD_HOC else str(os.path.abspath(file)),
        directory=str(os.path.abspath(playbook._basedir or ".")),
        ad_hoc=command.ad_hoc(options) if file == _AD_HOC else None,
        playbooks=command.playbooks(options),
        version=version,
        command=command.words(options),
        check=bool(options.get("check")),
        diff=bool(options.get("diff")),
        tags=tuple(sorted(_texts(options.get("tags")))),  # sets, in the order of chance
        skip_tags=tuple(sorted(_texts(options.get("skip_tags")))),
        limit=str(options["subset"]) if options.get("subset") else None,
        inventory=_texts(options.get("inventory")),
        start_at_task=options.get("start_at_task"),
        forks=options.get("forks"),
        variables=variables.plain(extra),
        secrets=tuple(variables.vaulted(extra)),
    )


def figures(summary: Mapping[str, Any]) -> dict[str, int]:
    """Return the recap's counts of one host, under their names in events."""
    return {_FIGURES.get(name, name): int(number) for name, number in summary.items()}


def record(task: Any) -> records.Task:
    """Return a task as a plain record."""
    file, _dummy, line = str(task.get_path() or "").rpartition(":")
    role = task._role
    return records.Task(
        uuid=str(task._uuid),
        name=str(task.name or task.action),
        action=str(getattr(task, "resolved_action", None) or task.action),
        role=str(role.get_name()) if role else None,
        role_path=str(role._role_path) if role else None,
        file=file or None,
        line=int(line) if line.isdigit() else None,
        handler=type(task).__name__ == "Handler",
        loops=task.loop is not None,
        no_log=task.no_log is True,  # of a template, each result knows
        rescued=blocks.is_rescued(task),
        launches=bool(task.async_val) and not task.poll,
        tags=tuple(str(tag) for tag in task.tags),
    )


def arguments(task: Any) -> Callable[[Iterable[str]], dict[str, Any]]:
    """Return the requested arguments of a task; the caller decides which may be shown."""
    return lambda names: {name: task.args[name] for name in names if name in task.args}


def is_plain(task: Any) -> bool:
    """Return whether a result needs no details: nothing has changed, and its task sets no environment."""
    says_more = task.delegate_to or task.no_log or task.check_mode or task.register
    return not says_more and task.action not in SETS_FACTS | INCLUDES_VARIABLES


def raw(result: Any) -> Any:
    """Return what the module returned, in Ansible's types."""
    returned = getattr(result, "_return_data", None)  # of ansible-core 2.19 and 2.20
    return result._result if returned is None else returned


def data(task: Any, result: Any, status: str) -> Any:
    """Return what the module returned, in plain types; unconverted if only its counts are recorded."""
    returned = raw(result)
    quiet = status in {records.OK, records.SKIPPED} and not _says_more(task, returned)
    return returned if quiet or not hasattr(result, "_return_data") else result.result


def _says_more(task: Any, returned: Any) -> bool:
    """Return whether anything of the result is recorded besides that nothing has changed."""
    sets_facts = task.action in SETS_FACTS and "ansible_facts" in returned
    return bool(sets_facts or returned.get("changed") or not returned.keys().isdisjoint(MEANT))


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(str(part) for part in value or ())
