# Copyright: the tfevent authors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Options of the plugins: the settings of ``tfevent.yaml`` under their own names, and options of the callback.

A dot in a setting's name is an underscore in the option's. Of destinations, Sematext and webhook have options.

All are read as texts, so that a mistake in one does not make Ansible drop the whole plugin; the core validates them
like ``TFEVENT_*`` variables.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from ansible_collections.tfevent.infra.plugins.plugin_utils.records import Task

SETTINGS = (
    "environment",
    "service",
    "tags",
    "report",
    "plans",
    "budget",
    "values",
    "redact_names",
    "redact_patterns",
    "journal",
    "quiet",
    "causes",
    "title_template",
    "title_template_file",
    "message_template",
    "message_template_file",
    "message_bytes",
    "keep_events",
    "keep_days",
    "keep_mib",
    "outbox_events",
    "outbox_days",
    "outbox_mib",
    "sematext_token",
    "sematext_token_file",
    "sematext_token_command",
    "sematext_region",
    "sematext_receiver",
    "webhook_url",
    "webhook_url_file",
    "webhook_url_command",
    "webhook_secret",
    "webhook_secret_file",
    "webhook_secret_command",
)
FILTERS = ("include_tags", "exclude_tags", "include_hosts", "exclude_hosts", "include_tasks", "exclude_tasks")
_TRUE = frozenset({"1", "true", "yes", "on"})


def variable(option: str) -> str:
    """Return the variable of a setting: ``TFEVENT_SEMATEXT_TOKEN`` for ``sematext_token``."""
    return f"TFEVENT_{option.upper()}"


def environment(option: Callable[[str], Any], environ: Mapping[str, str]) -> dict[str, str]:
    """Return ``environ`` with the plugin's options added.

    Args:
        option: returns the value of an option by name, None if it is not set.
        environ: the variables of the process, from which Ansible takes options too.
    """
    values = {name: _text(option(name)) for name in SETTINGS}
    return {**environ, **{variable(name): text for name, text in values.items() if text}}


def _text(value: Any) -> str:
    """Return a value in the format of a variable: lists with commas, maps as name=value."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, tuple)):
        return ",".join(str(part) for part in value)
    if isinstance(value, Mapping):
        return ",".join(f"{name}={part}" for name, part in value.items())
    return str(value)


def is_on(value: Any) -> bool:
    """Return whether a flag is set."""
    return _text(value).strip().lower() in _TRUE


class Filter(NamedTuple):
    """Selects the recorded tasks and hosts by globs; exclusion takes precedence."""

    include_tags: tuple[str, ...] = ()
    exclude_tags: tuple[str, ...] = ()
    include_hosts: tuple[str, ...] = ()
    exclude_hosts: tuple[str, ...] = ()
    include_tasks: tuple[str, ...] = ()
    exclude_tasks: tuple[str, ...] = ()

    @classmethod
    def of(cls, option: Callable[[str], Any]) -> Filter:
        """Return the filter of these options."""
        return cls(*(_globs(option(name)) for name in FILTERS))

    @property
    def takes_all(self) -> bool:
        """Whether everything is recorded."""
        return not any(self)

    def takes_task(self, task: Task) -> bool:
        """Return whether this task is recorded."""
        return _passes(task.tags, self.include_tags, self.exclude_tags) and _passes(
            (task.name,), self.include_tasks, self.exclude_tasks
        )

    def takes_host(self, name: str) -> bool:
        """Return whether this host is recorded."""
        return _passes((name,), self.include_hosts, self.exclude_hosts)


def _globs(value: Any) -> tuple[str, ...]:
    parts = value if isinstance(value, (list, tuple)) else _text(value).split(",")
    return tuple(text for part in parts if (text := str(part).strip()))


def _passes(words: tuple[str, ...], include: tuple[str, ...], exclude: tuple[str, ...]) -> bool:
    if any(fnmatchcase(word, glob) for word in words for glob in exclude):
        return False
    return not include or any(fnmatchcase(word, glob) for word in words for glob in include)
