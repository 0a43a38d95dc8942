# Copyright: the tfevent authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module change_event, run on the controller: it does not connect to hosts or send anything to them."""

from __future__ import annotations

import os
import uuid
from typing import TYPE_CHECKING, Any

from ansible.errors import AnsibleActionFail
from ansible.playbook.task_include import TaskInclude
from ansible.plugins.action import ActionBase
from ansible.release import __version__ as ansible_version
from ansible_collections.tfevent.infra.plugins.plugin_utils import callback_options, client, explicit_document
from ansible_collections.tfevent.infra.plugins.plugin_utils import variables as vaulted
from ansible_collections.tfevent.infra.plugins.plugin_utils.session import EventRejectedError, HandoverError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_OURS = ("TFEVENT_", "TRACEPARENT")  # what counts of a task's `environment:`


class ActionModule(ActionBase):
    """One explicit event. The task fails for wrong arguments, and otherwise only with ``required``."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Validate the arguments, record the event, and return the result."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        checked = self.validate_argument_spec(argument_spec=explicit_document.ARGUMENTS, **explicit_document.RULES)
        arguments = explicit_document.plain(checked[1])
        variables = task_vars or {}
        try:
            document = self._document(arguments, variables)
        except explicit_document.ArgumentError as error:
            raise AnsibleActionFail(str(error)) from error
        warnings: list[str] = []
        answer = self._handed_over(document, variables, warnings)
        if arguments["required"] and not _is_kept(answer, check=self._task.check_mode):
            raise AnsibleActionFail("; ".join(warnings) or "the event could not be recorded")
        result.update(self._result(answer, arguments["state"], document))
        if warnings:
            result["warnings"] = warnings
        return result

    def _document(self, arguments: Mapping[str, Any], variables: Mapping[str, Any]) -> dict[str, Any]:
        everywhere = arguments["once"] or self._task.run_once
        hosts = variables.get("ansible_play_batch") if everywhere else [variables.get("inventory_hostname")]
        no_log = bool(self._task.no_log)
        document = explicit_document.document(
            arguments,
            ansible=ansible_version,
            hosts=[str(host) for host in hosts or () if host],
            key=explicit_document.task_key([*_place(self._task), _item(variables, self._task)]),
            no_log=no_log,
            process=os.getppid(),  # each host's task is a fork of Ansible's own process
        )
        known = {**explicit_document.of_one_host(variables), "environment": self._task.environment}
        files = vaulted.kept_by(self._loader)  # of those vaulted as a whole, variables are plain texts
        secrets = [*vaulted.vaulted(known), *vaulted.of_files(files), *vaulted.from_vaults(known)]
        document["secrets"] = list(dict.fromkeys(secrets))
        document["variables"] = vaulted.plain(known)
        if no_log:
            document["secrets"] += explicit_document.texts(
                [arguments[name] for name in ("message", "data", "tags", "links")]
            )
        return document

    def _handed_over(
        self, document: Mapping[str, Any], variables: Mapping[str, Any], warnings: list[str]
    ) -> dict[str, Any]:
        """Return the session's answer; problems are added to ``warnings``, and the answer is then empty."""
        installation = client.load()
        if installation is None:
            warnings.append(client.missing())
            return {}
        try:
            session = installation.session(
                environ=self._environ(variables, warnings.append),
                directory=self._loader.get_basedir(),
                say=warnings.append,
            )
            answer = session.preview(document) if self._task.check_mode else session.settle(document)
        except EventRejectedError as error:
            raise AnsibleActionFail(str(error)) from error
        except HandoverError as error:
            warnings.append(str(error))
        except Exception as error:  # noqa: BLE001 - a fault of ours must not fail the task; its text may quote a secret
            warnings.append(f"the event was not recorded: {type(error).__name__} in tfevent.infra.change_event")
        else:
            warnings += answer.get("problems", ())
            return answer
        return {}

    def _environ(self, variables: Mapping[str, Any], say: Callable[[str], object]) -> dict[str, str]:
        """Return the environment, with the callback's options and tfevent's variables of `environment:`."""
        environ = callback_options.environment(variables, self._templar, say)
        for layer in self._task.environment or ():
            if isinstance(layer, dict):
                environ.update({str(name): str(value) for name, value in layer.items() if str(name).startswith(_OURS)})
        return environ

    def _result(self, answer: Mapping[str, Any], state: str, document: Mapping[str, Any]) -> dict[str, Any]:
        is_new = bool(answer) and not answer.get("repeats") and not answer.get("lost")
        event = answer.get("event", {})
        result: dict[str, Any] = {
            "changed": is_new,
            "id": answer.get("id") or document["event"].get("id") or str(uuid.uuid4()),
            "title": event.get("title", ""),
            "state": state,
            "recorded": bool(answer.get("recorded")),
            "repeated": bool(answer.get("repeats")),
        }
        for name in ("delivered", "waiting", "parked"):
            result[name] = [where for where, what in answer.get("destinations", {}).items() if what == name]
        of_another = (
            result["repeated"] and state != explicit_document.FINISHED
        )  # the task that sent it has it: one is enough
        if event.get("id") == result["id"] and not of_another:
            result["event"] = event
        if self._task.diff and result["changed"]:
            result["diff"] = _diff(event)
        return result


def _place(task: Any) -> list[Any]:
    """Return what identifies this task on all hosts and in all batches.

    The tasks of an included file are created again for each batch, with the strategy ``free`` for each host. Stable are
    the outermost including task, the path from there to this one, and the loop items.
    """
    place = [str(task._uuid)]
    way: list[Any] = [task.get_path()]
    parent = task._parent
    while parent is not None:
        if isinstance(parent, TaskInclude):  # one that imports is on the way, too
            way.append([parent.get_path(), _item(parent.vars, parent)])
            if not parent.statically_loaded:
                place = [str(parent._uuid), *way]
        parent = parent._parent
    return place


def _item(variables: Mapping[str, Any], task: Any) -> Any:
    """Return the current item of the task's loop, or of a task that includes it; None without a loop."""
    named = variables.get("ansible_loop_var") or getattr(task.loop_control, "loop_var", None)  # 2.16 has no variable
    return explicit_document.plain(variables.get(named or "item"))


def _is_kept(answer: Mapping[str, Any], *, check: bool) -> bool:
    return bool(answer) and (check or not answer.get("lost"))


def _diff(event: Mapping[str, Any]) -> dict[str, Any]:
    import json

    shown = json.dumps(event, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    return {"before": "", "after": shown, "before_header": "no event", "after_header": str(event.get("title", ""))}
