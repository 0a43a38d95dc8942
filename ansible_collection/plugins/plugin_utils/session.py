# Copyright: the tfevent authors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""The interface of a session, independent of how tfevent is reached, and its errors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

API_VERSION = 1
"""The version of the documents that are handed over."""


class HandoverError(Exception):
    """A document could not be handed over; the text is one sentence without secrets."""


class EventRejectedError(HandoverError):
    """The event is invalid: a mistake of the sender, not a failure on the way."""


class NoProcessError(HandoverError):
    """The process for documents could not be started, or has ended without an answer."""


class Session(Protocol):
    """Records one event from start to end. Only HandoverError is raised."""

    @property
    def outlives(self) -> bool:
        """Whether it continues after this process has ended, and delivers then."""

    @property
    def instead(self) -> Callable[[], Session] | None:
        """Opens a replacement if this session cannot start; None if there is none."""

    def start(self, document: Mapping[str, Any]) -> None:
        """Record the start of a run; from here on it cannot be lost."""

    def checkpoint(self, document: Mapping[str, Any]) -> None:
        """Store the current event, in case the run is killed."""

    def settle(self, document: Mapping[str, Any], *, seconds: float | None = None) -> dict[str, Any]:
        """Record the end (or an event without a start), and deliver it within the budget.

        Args:
            document: the whole event.
            seconds: time left to this process, at its end.

        Returns:
            ``id``, ``title``, ``outcome``; ``recorded`` (False: not worth a record, or a repetition); ``repeats``, the
            ID of the earlier event with the same key; ``destinations``, their names with ``delivered``, ``waiting`` or
            ``parked``; ``problems``, a sentence each; ``line``, printed for the user, or None; ``event``, redacted.
        """

    def preview(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """Return what :meth:`settle` would record and where it would go (``waiting``), without doing it."""

    def close(self) -> None:
        """Release resources without settling: the next tfevent command settles the started event."""
