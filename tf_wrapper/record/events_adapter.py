"""The Terraform half of `tfevent events`: reads documents, checks the binary, settles killed runs."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from change_events.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Sequence

    from change_events.cli.tool_adapter import Check, Found, HistoryRequest, KnownPlaces, Piece, Unused
    from change_events.drift.results import DirectoryCheck, Request
    from change_events.journal import Journal
    from change_events.model import Plan
    from change_events.redact import Redactor
    from change_events.settings import Settings

_STATES = 2
_GIT_SECONDS = 2.0


class TerraformAdapter:
    """The :class:`change_events.cli.tool_adapter.ToolAdapter` of Terraform and OpenTofu."""

    def read_documents(self, paths: Sequence[str], redactor: Redactor, settings: Settings) -> list[Plan]:
        """Read plans from files: plan JSON, binary plan files, ``-``; two states yield their difference.

        The settings provide ignored attributes and the user's signal rules.

        Raises:
            InputError: a file is none of these.
        """
        from tf_wrapper.plan import reader
        from tf_wrapper.state.document import is_state

        more: dict[str, Any] = {"ignore": settings.ignore, "own": settings.own_rules}
        documents = [(path, _read(path)) for path in paths]
        if len(documents) == _STATES and all(is_state(data) for _, data in documents):
            from tf_wrapper.state.two_states import between_states

            (before, old), (after, new) = documents
            return [between_states(old, new, redactor=redactor, names=(before, after), **more)]
        return [
            plan for path, data in documents for plan in reader.read_plans(data, name=path, redactor=redactor, **more)
        ]

    def history(
        self, request: HistoryRequest, redactor: Redactor, settings: Settings, known: KnownPlaces
    ) -> Iterator[Piece | Unused | Found]:
        """Return events from existing states and plans. Raises InputError."""
        from tf_wrapper.record.backfill.history import History

        return History(request, redactor, settings, known).items()

    def check_drift(
        self, request: Request, redactor: Redactor, tick: Callable[[float], int]
    ) -> Generator[DirectoryCheck]:
        """Check directories for drift, yielding each result as it completes. Raises InputError without a terraform."""
        from tf_wrapper.drift.check import check_directories
        from tf_wrapper.launch import binary

        try:
            path = binary.find(os.environ, request.binary)
        except binary.BinaryNotFoundError as error:
            raise InputError(str(error)) from error
        return check_directories(os.path.abspath(path), request, redactor, os.environ, tick)

    def checks(self, settings: Settings) -> Iterable[Check]:
        """Check the binary and its version, and whether killed runs are waiting to be settled."""
        from change_events.cli.tool_adapter import Check
        from change_events.files import unsettled_runs
        from change_events.paths import state_dir
        from tf_wrapper.launch import binary

        try:
            path = binary.find(os.environ, settings.binary)
        except binary.BinaryNotFoundError as error:
            asked_for = os.environ.get("TFEVENT_TF_BINARY") or settings.binary
            remedy = "install terraform, or set TFEVENT_TF_BINARY"  # playbooks and other events do without
            yield Check("binary", "error" if asked_for else "warning", str(error), remedy)
        else:
            yield _version_check(path)
        if os.environ.get("TFEVENT_DISABLE", "") not in {"", "0"}:
            yield Check("switch", "warning", "TFEVENT_DISABLE is set: nothing is observed", "unset TFEVENT_DISABLE")
        if settings.causes and _is_shallow():
            text = "this clone is shallow: most causes and commits of changes stay unknown"
            yield Check("history", "warning", text, "fetch all of it: git fetch --unshallow, or fetch-depth: 0 in CI")
        state = state_dir()
        stranded = unsettled_runs.stranded(state, str(settings.journal))
        if stranded:
            text = f"runs that ended wait to be recorded in another journal: {', '.join(stranded)}"
            yield Check("runs", "warning", text, "`tfevent events flush` with TFEVENT_JOURNAL set to it records them")
        elif waiting := unsettled_runs.count(state):
            yield Check("runs", "ok", f"{waiting} run(s) going on or to be settled")

    def settle_leftovers(self, journal: Journal, settings: Settings) -> None:
        """Settle the records of killed runs. Never raises."""
        from change_events.files import unsettled_runs
        from change_events.paths import state_dir

        if unsettled_runs.count(state_dir()):
            from change_events.recording.recovery import settle_killed
            from tf_wrapper.launch.output import say
            from tf_wrapper.record import recovery

            settle_killed(state_dir(), journal, settings, say, unowned=recovery.close)


def _is_shallow() -> bool:
    import time

    from change_events.context import git_command
    from change_events.paths import working_directory

    words = ("rev-parse", "--is-shallow-repository")
    answer = git_command.ask({"": words}, working_directory(), os.environ, time.monotonic() + _GIT_SECONDS)[""]
    return (answer or "").strip() == "true"


def _version_check(path: str) -> Check:
    import json

    from change_events.cli.tool_adapter import Check
    from tf_wrapper.plan import plan_file, terraform_show

    try:
        version = str(json.loads(terraform_show.version(path) or b"")["terraform_version"])
    except (ValueError, KeyError, TypeError):
        return Check(
            "binary",
            "error",
            f"{path} does not answer `version -json`",
            "set TFEVENT_TF_BINARY to a terraform",
        )
    if not plan_file.streams_applies(version):
        text = f"{path} {version}: older than 1.0, events come from its states only"
        return Check("binary", "warning", text, "upgrade terraform for outcomes per resource")
    return Check("binary", "ok", f"{path} {version}")


def _read(path: str) -> bytes:
    from tf_wrapper.record.given_documents import read_given

    if path == "-":
        return read_given(path)
    from tf_wrapper.plan import plan_file

    if plan_file.is_plan_file(path):
        return _shown(path)
    if plan_file.is_bookmark(path):
        raise InputError(
            f"{path}: a bookmark of a plan that HCP Terraform keeps, not a plan; give its `terraform show -json`"
        )
    return read_given(path)


def _shown(path: str) -> bytes:
    from tf_wrapper.launch import binary, binary_setting
    from tf_wrapper.plan import terraform_show

    try:
        facts = {"binary": binary.find(os.environ, binary_setting.binary(os.getcwd())), "cwd": os.getcwd()}
    except binary.BinaryNotFoundError as error:
        raise InputError(f"{path}: terraform is needed to read this plan file ({error})") from error
    data = terraform_show.plan_json(facts, os.path.abspath(path))
    if data is None:
        raise InputError(
            f"{path}: `terraform show -json` cannot read this plan file here; run it in the directory of the plan"
        )
    return data
