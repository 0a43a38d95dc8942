"""What a half of the product (Terraform's, today) hands to the command line, which must not import it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
    from datetime import datetime

    from change_events.drift.results import DirectoryCheck, Request
    from change_events.journal import Journal
    from change_events.journal.backfilled import Origin
    from change_events.model import ChangeEvent, Plan
    from change_events.redact import Redactor
    from change_events.settings import Settings

Verdict = Literal["ok", "warning", "error"]


class Check(NamedTuple):
    """One line of ``tfevent events doctor``.

    Attributes:
        name: what was looked at, in one or two words ("binary").
        verdict: ``error`` makes doctor exit 1, ``warning`` does not.
        text: what was found, one line, free of secrets.
        remedy: what to do about it; None where there is nothing to do.
    """

    name: str
    verdict: Verdict
    text: str
    remedy: str | None = None


class HistoryRequest(NamedTuple):
    """Which history is read.

    Attributes:
        sources: addresses of objects, folders, files.
        last: only the newest versions of each state, so many; 0 for all.
        since: only what was written at or after it.
        directory: that the history belongs to, and a workspace of it, where they are named.
        workspace: likewise.
        again: read what is recorded already, too.
    """

    sources: Sequence[str]
    last: int = 0
    since: datetime | None = None
    directory: str | None = None
    workspace: str | None = None
    again: bool = False


class Found(NamedTuple):
    """One history begins: its place, how many steps there are, the directory that uses it (None: none is known)."""

    label: str
    steps: int
    joined: str | None = None


class Piece(NamedTuple):
    """One event of history, redacted, without title and message."""

    event: ChangeEvent
    origin: Origin


class Unused(NamedTuple):
    """What gave no event.

    Attributes:
        name: redacted.
        reason: why, as a clause; empty where it shows no change, or is recorded already.
        known: it is recorded already.
        counted: it is one of the steps of its history.
    """

    name: str
    reason: str = ""
    known: bool = False
    counted: bool = False


class KnownPlaces(Protocol):
    """Gives the places of a source (:class:`Origin`) that are recorded, of a directory where it is ``joined``."""

    def __call__(self, source: str, *, joined: bool = False) -> set[str]:
        """See :meth:`change_events.journal.Journal.backfilled`."""


class ToolAdapter(Protocol):
    """The parts of ``tfevent events`` that know a tool's own files and processes."""

    def read_documents(self, paths: Sequence[str], redactor: Redactor, settings: Settings) -> list[Plan]:
        """Read plans for ``summarize``: a path is ``-`` (standard input), plan JSON, or a binary plan file.

        Exactly two states are compared and give one plan; a file of several plans gives several. Where there
        are several, ``Plan.name`` says which file each came from. The settings say which
        attributes are ignored, and which signals are the user's own.

        Raises:
            InputError: a file is none of these; the text names it.
        """

    def history(
        self, request: HistoryRequest, redactor: Redactor, settings: Settings, known: KnownPlaces
    ) -> Iterator[Piece | Unused | Found]:
        """Read history that is already there for ``backfill``, one piece after the other.

        Args:
            request: what is asked for.
            redactor: remembers the secrets of all that is read.
            settings: ignored attributes, signals of the user's own.
            known: what need not be read again.

        Raises:
            InputError: a source cannot be read, or there is nothing in it.
        """

    def check_drift(
        self, request: Request, redactor: Redactor, tick: Callable[[float], int]
    ) -> Generator[DirectoryCheck]:
        """Check directories for drift, each result as soon as it is there; nothing is written anywhere.

        ``tick`` waits for so many seconds; where it returns True, everything that runs is ended and KeyboardInterrupt
        raised.

        Raises:
            InputError: there is no terraform to run.
        """

    def checks(self, settings: Settings) -> Iterable[Check]:
        """Look at the tool itself for ``doctor``: the binary, its version, runs left unsettled."""

    def settle_leftovers(self, journal: Journal, settings: Settings) -> None:
        """Close the records of runs that were killed, before anything is listed. Never raises."""
