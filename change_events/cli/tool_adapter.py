"""The interface of a tool's adapter (today Terraform's) to the command line, which must not import it."""

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
        name: the subject in one or two words ("binary").
        verdict: ``error`` makes doctor exit with 1, ``warning`` does not.
        text: the result, one line, free of secrets.
        remedy: what to do about it; None if nothing is needed.
    """

    name: str
    verdict: Verdict
    text: str
    remedy: str | None = None


class HistoryRequest(NamedTuple):
    """The options of ``backfill``.

    Attributes:
        sources: addresses of objects, folders, files.
        last: number of newest versions of each state; 0 for all.
        since: only versions written at or after it.
        directory: directory of the history, if given.
        workspace: workspace of the directory, if given.
        again: also read what is recorded already.
    """

    sources: Sequence[str]
    last: int = 0
    since: datetime | None = None
    directory: str | None = None
    workspace: str | None = None
    again: bool = False


class Found(NamedTuple):
    """The start of one history: its place, number of steps, and the directory that uses it (None: unknown)."""

    label: str
    steps: int
    joined: str | None = None


class Piece(NamedTuple):
    """One event of history, redacted, without title and message."""

    event: ChangeEvent
    origin: Origin


class Unused(NamedTuple):
    """A step without an event.

    Attributes:
        name: redacted.
        reason: why, as a clause; empty without a change, or if it is recorded already.
        known: it is recorded already.
        counted: it is one of the steps of its history.
    """

    name: str
    reason: str = ""
    known: bool = False
    counted: bool = False


class KnownPlaces(Protocol):
    """Returns the recorded places of a source (:class:`Origin`), with ``joined`` only those of a directory."""

    def __call__(self, source: str, *, joined: bool = False) -> set[str]:
        """See :meth:`change_events.journal.Journal.backfilled`."""


class ToolAdapter(Protocol):
    """The parts of ``tfevent events`` that use a tool's own files and processes."""

    def read_documents(self, paths: Sequence[str], redactor: Redactor, settings: Settings) -> list[Plan]:
        """Read plans for ``summarize``: a path is ``-`` (standard input), plan JSON, or a binary plan file.

        Two states are compared and yield one plan; a file of several plans yields several, and ``Plan.name`` is their
        file. The settings provide ignored attributes and the user's signal rules.

        Raises:
            InputError: a file is none of these; the text names it.
        """

    def history(
        self, request: HistoryRequest, redactor: Redactor, settings: Settings, known: KnownPlaces
    ) -> Iterator[Piece | Unused | Found]:
        """Read existing history for ``backfill``, piece by piece.

        Args:
            request: the options.
            redactor: remembers the secrets of everything that is read.
            settings: ignored attributes, the user's signal rules.
            known: places to skip.

        Raises:
            InputError: a source cannot be read, or is empty.
        """

    def check_drift(
        self, request: Request, redactor: Redactor, tick: Callable[[float], int]
    ) -> Generator[DirectoryCheck]:
        """Check directories for drift, yielding each result as it completes; nothing is written.

        ``tick`` waits for the given seconds; if it returns True, all processes are ended and KeyboardInterrupt is
        raised.

        Raises:
            InputError: there is no terraform.
        """

    def checks(self, settings: Settings) -> Iterable[Check]:
        """Check the tool for ``doctor``: the binary, its version, unsettled runs."""

    def settle_leftovers(self, journal: Journal, settings: Settings) -> None:
        """Settle killed runs, before anything is listed. Never raises."""
