"""The stack of a state: the directory that provably uses it, otherwise only the state itself."""

from __future__ import annotations

import os
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from change_events.context import detect
from change_events.errors import InputError
from change_events.model import Tool, Vcs
from change_events.settings import load_leniently
from change_events.text.placeholders import filled
from tf_wrapper.launch.workspace import Workspace
from tf_wrapper.state.location import backend
from tf_wrapper.state.snapshot import read_file

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from change_events.redact import Redactor
    from change_events.settings import Settings

_DEFAULT = "default"
_MOST = 200  # workspaces that are looked at


class Stack(NamedTuple):
    """What links history to the runs of the same stack, redacted."""

    tool: Tool
    vcs: Vcs | None = None
    host: str | None = None
    environment: str | None = None
    service: str | None = None
    tags: Mapping[str, str] = MappingProxyType({})


class Directories:
    """Finds stacks.

    Args:
        directory: the directory of the command line; None for the working directory, if it is one.
        workspace: workspace of the command line.
        redactor: redactor of the events.

    Raises:
        InputError: the working directory was removed.
    """

    def __init__(self, directory: str | None, workspace: str | None, redactor: Redactor) -> None:
        self._named = directory is not None
        try:
            self._place = Workspace(directory, os.environ)
        except FileNotFoundError:
            raise InputError("the working directory does not exist any more: change to one that does") from None
        self._workspace = workspace
        self._redactor = redactor

    def of_object(self, bucket: str, key: str) -> Stack | None:
        """Return the stack whose backend is this object; a given directory must not have another backend."""
        kind, settings = backend(self._place.data_dir) or ("", {})
        if kind == "s3" and settings.get("bucket"):
            found = _workspace_of(settings, key) if settings["bucket"] == bucket else None
            return self._stack(found) if found else None
        return self._stack(self._workspace or self._place.name) if self._named else None

    def of_lineage(self, lineage: str, *, alone: bool) -> Stack | None:
        """Return the stack with a local state of this lineage; a given directory may also have no local state.

        Args:
            lineage: lineage of the history.
            alone: no other history has another lineage.
        """
        own = dict(self._lineages())
        if lineage in own:
            return self._stack(own[lineage])
        if self._named and alone and not own:
            return self._stack(self._workspace or self._place.name)
        return None

    def of_plans(self) -> Stack | None:
        """Return the given stack; plans do not identify theirs."""
        return self._stack(self._workspace or self._place.name) if self._named else None

    def _lineages(self) -> Iterator[tuple[str, str]]:
        folder = os.path.join(self._place.directory, "terraform.tfstate.d")
        names = sorted(os.listdir(folder))[:_MOST] if os.path.isdir(folder) else []
        files = {_DEFAULT: os.path.join(self._place.directory, "terraform.tfstate")}
        files |= {name: os.path.join(folder, name, "terraform.tfstate") for name in names}
        for name, path in files.items():
            _, lineage = read_file(path).version
            if lineage:
                yield lineage, name

    def _stack(self, workspace: str) -> Stack:
        directory, text = self._place.directory, self._redactor.text
        settings = self._settings()
        context = detect(Path(directory), os.environ, redactor=self._redactor)
        found = context.vcs
        where = {"workspace": workspace, "directory": os.path.basename(directory)}
        return Stack(
            tool=Tool(name="terraform", workspace=text(workspace), directory=text(directory)),
            # the commit that is checked out now is none of the history's
            vcs=Vcs(repository=found.repository, path=found.path, remote=found.remote, url=found.url)
            if found
            else None,
            host=context.actor.host,
            environment=text(filled(settings.environment, **where) or "") or None,
            service=text(filled(settings.service, **where) or "") or None,
            tags=settings.tags,
        )

    def _settings(self) -> Settings:
        return load_leniently(Path(self._place.directory), os.environ)[0]


def alone(label: str) -> Stack:
    """Return the stack of a state that no known directory uses; the label is redacted."""
    return Stack(Tool(name="terraform", backend=label))


def _workspace_of(settings: dict[str, object], key: str) -> str | None:
    """Return the workspace of an S3 backend with this object; None if there is none."""
    own, prefix = str(settings.get("key") or ""), str(settings.get("workspace_key_prefix") or "env:")
    if key == own:
        return _DEFAULT
    name = key.removeprefix(f"{prefix}/").removesuffix(f"/{own}")
    return name if own and key == f"{prefix}/{name}/{own}" and "/" not in name else None
