# Copyright: the tfevent authors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a session is, whichever way it reaches tfevent, and what can go wrong with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

API_VERSION = 1
"""The version of the documents that are handed over."""


class HandoverError(Exception):
    """A document could not be handed over; the text is one sentence without secrets."""


class EventRejectedError(HandoverError):
    """The event contradicts itself: a mistake of its sender's, not a fault on the way."""


class NoProcessError(HandoverError):
    """What should take documents could not be started, or has ended without an answer."""


class Session(Protocol):
    """The way of one event from its start to its end. Only HandoverError is raised."""

    @property
    def outlives(self) -> bool:
        """Whether it goes on after this process has ended, and delivers then."""

    @property
    def instead(self) -> Callable[[], Session] | None:
        """Opens the session to use where this one cannot start; None where there is no other."""

    def start(self, document: Mapping[str, Any]) -> None:
        """Record that a run has started; from here on it cannot be lost."""

    def checkpoint(self, document: Mapping[str, Any]) -> None:
        """Keep what is known by now, for the case that the run is killed."""

    def settle(self, document: Mapping[str, Any], *, seconds: float | None = None) -> dict[str, Any]:
        """Record how it ended (or an event that has no start), deliver it within the budget.

        Args:
            document: the whole event.
            seconds: what is left to this process, where it is at its end.

        Returns:
            ``id``, ``title``, ``outcome``; ``recorded`` (False: not worth a record, or a repetition); ``repeats``, the
            id of the earlier event with the same key; ``destinations``, their names with ``delivered``, ``waiting`` or
            ``parked``; ``problems``, a sentence each; ``line``, printed for the user, or None; ``event``, redacted.
        """

    def preview(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """What :meth:`settle` would record and where it would go (``waiting``), without doing it."""

    def close(self) -> None:
        """Let go of what is held, without settling: the next tfevent command closes what was started."""
