"""What a half of the product (Terraform's, today) hands to the command line, which must not import it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from change_events.journal import Journal
    from change_events.model import Plan
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

    def checks(self, settings: Settings) -> Iterable[Check]:
        """Look at the tool itself for ``doctor``: the binary, its version, runs left unsettled."""

    def settle_leftovers(self, journal: Journal, settings: Settings) -> None:
        """Close the records of runs that were killed, before anything is listed. Never raises."""
