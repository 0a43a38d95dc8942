"""Why a thing changes: the edit, variable, version or other change behind it, by name and place, never by value."""

from datetime import datetime

from change_events.model.base import Struct
from change_events.model.enums import CauseKind, Confidence


class CauseCommit(Struct, frozen=True):
    """A commit that made the edit; ``pull_request`` is the number that its subject names (``#41`` or ``!41``)."""

    id: str
    subject: str | None = None
    author: str | None = None
    authored_at: datetime | None = None
    pull_request: str | None = None


class Cause(Struct, frozen=True):
    """One cause of a change.

    ``text`` is the expression, variable, module, provider, resource or task at fault (``var.size``); of an unknown
    cause, the reason why it is unknown. ``file`` is relative to the root module, in a playbook run to the repository.
    ``attributes`` are the changed attributes that it explains, none where it explains the whole change. ``commits`` are
    the newest first, and none where git cannot prove one. ``confidence`` is ``exact`` where the evidence leaves no
    other explanation, ``likely`` where it fits, and missing where the cause is unknown.
    """

    kind: CauseKind
    text: str = ""
    file: str | None = None
    line: int | None = None
    attributes: tuple[str, ...] = ()
    commits: tuple[CauseCommit, ...] = ()
    confidence: Confidence | None = None


class SharedCause(Cause, frozen=True):
    """A cause with the number of changes that it explains; ``addresses`` are the first few of them."""

    changes: int = 0
    addresses: tuple[str, ...] = ()


class Inputs(Struct, frozen=True):
    """What a run was given beside its configuration, for the next run to compare with.

    ``variables`` are keyed fingerprints of the root module's variables by name, ``modules`` the versions of installed
    modules by key (``a.b``), ``providers`` those of the dependency lock file by source address. ``uncommitted`` are the
    files of the configuration, relative to the repository, that the run's commit has otherwise or not at all.
    """

    variables: dict[str, str] = {}
    modules: dict[str, str] = {}
    providers: dict[str, str] = {}
    uncommitted: tuple[str, ...] = ()
