# Copyright: the tfevent authors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""The launcher of a run by a controller: AWX, Automation Platform, ansible-pull.

AWX passes facts to a job as extra variables (``awx_job_id``, the same as ``tower_job_id``) and as environment variables
(``JOB_ID``, ``AWX_HOST``): https://docs.ansible.com/projects/awx/en/latest/userguide/job_templates.html (extra
variables) and awx/main/tasks/jobs.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_PREFIXES = ("awx_", "tower_")


def actor(variables: Mapping[str, Any], environ: Mapping[str, str]) -> tuple[dict[str, Any], list[dict[str, str]]]:
    """Return the fields of the event's ``actor`` that a controller knows, and links; empty without a controller.

    Args:
        variables: the extra variables.
        environ: the variables of the process.
    """
    job = _said(variables, "job_id") or (environ.get("JOB_ID") if environ.get("AWX_HOST") else None)
    if not job:
        return {}, []
    url = _url(environ.get("AWX_HOST", ""), job)
    template = _said(variables, "job_template_name") or _said(variables, "workflow_job_name")
    launch = _said(variables, "job_launch_type")
    user = _said(variables, "user_name")
    ci = {"system": "AWX", "run_url": url, "job": template or f"job {job}", "actor": user or launch}
    facts: dict[str, Any] = {"ci": {name: value for name, value in ci.items() if value}}
    if user:
        facts["user"] = user
    return facts, [{"title": f"AWX job {job}", "url": url}] if url else []


def of_pull(parent_command: str) -> dict[str, Any]:
    """Return the actor of a run of ``ansible-pull``, from the command line of its parent process."""
    words = parent_command.split("\0")[:3]
    pulled = any(word.rpartition("/")[2] == "ansible-pull" for word in words)
    return {"ci": {"system": "ansible-pull"}} if pulled else {}


def parent_command(pid: int) -> str:
    """Return the command line of a process, with words ended by NUL; empty if unknown (not Linux)."""
    try:
        with open(f"/proc/{pid}/cmdline", encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def _said(variables: Mapping[str, Any], name: str) -> str | None:
    for prefix in _PREFIXES:
        value = variables.get(prefix + name)
        if isinstance(value, (str, int)) and not isinstance(value, bool) and value != "":
            return str(value)
    return None


def _url(host: str, job: str) -> str | None:
    return f"{host.rstrip('/')}/#/jobs/playbook/{job}" if host.startswith(("https://", "http://")) else None
