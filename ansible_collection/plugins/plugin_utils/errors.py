# Copyright: the tfevent authors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""The error that ends a run between tasks or plays: no callback receives it, but Ansible keeps the displayed errors."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

_PREFIXES = ("[ERROR]: ", "ERROR! ")
_OF_TASKS = "Task failed"  # how errors of tasks begin, which are shown, too, since ansible-core 2.19


def shown(display: Any) -> list[str]:
    """Return the errors displayed so far; none if Ansible's private attribute has another name."""
    kept = getattr(display, "_errors", None)
    return [str(text) for text in kept] if isinstance(kept, Iterable) else []


def outside_of_tasks(display: Any, before: Collection[str]) -> str | None:
    """Return the first line of the only error that is not a task's; None if there is none, or more than one.

    Args:
        display: Ansible's display.
        before: errors displayed before the run.
    """
    found = {line for text in shown(display) if text not in before and (line := _first_line(text))}
    return found.pop() if len(found) == 1 else None


def _first_line(text: str) -> str:
    """Return the first line; later ones quote the playbook."""
    line = next((line.strip() for line in text.splitlines() if line.strip()), "")
    for prefix in _PREFIXES:
        line = line.removeprefix(prefix)
    return "" if line.startswith(_OF_TASKS) else line
