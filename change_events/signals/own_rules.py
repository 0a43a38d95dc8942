"""The user's settings for signals: rules, mutes, severities."""

from __future__ import annotations

from datetime import date  # noqa: TC003 - msgspec reads the annotations at run time
from fnmatch import fnmatchcase

import msgspec

from change_events.model import Severity, Signal
from change_events.signals.names import SIGNALS, WITHOUT_VALUES
from change_events.signals.table import Row  # noqa: TC001 - likewise


class OwnRule(msgspec.Struct, frozen=True):
    """A user's row: ``types`` is a glob of resource types."""

    types: str
    row: Row


class Mute(msgspec.Struct, frozen=True, kw_only=True):
    """Signals that are not reported, and why.

    Attributes:
        signal: glob of names.
        address: glob of addresses; None for all.
        type: glob of resource types; None for all.
        reason: the user's reason.
        expires: last day on which it applies; None for no expiry.
        where: file and line.
    """

    signal: str
    reason: str
    address: str | None = None
    type: str | None = None
    expires: date | None = None
    where: str = ""

    def covers(self, signal: Signal, kinds: dict[str, str], today: date) -> bool:
        """Return whether it mutes a signal; one with an address or a type mutes no signal without them.

        Args:
            signal: the signal.
            kinds: resource types by address.
            today: the day in UTC.
        """
        if not fnmatchcase(signal.name, self.signal) or (self.expires is not None and today > self.expires):
            return False
        address = signal.address
        if self.address is not None and (address is None or not _matches(address, self.address)):
            return False
        return self.type is None or (address is not None and fnmatchcase(kinds.get(address, ""), self.type))


class OwnRules(msgspec.Struct, frozen=True):
    """The user's settings for signals.

    Attributes:
        rules: in addition to the table's.
        mutes: signals that are not reported.
        ranks: severities by name, instead of those of the table.
    """

    rules: tuple[OwnRule, ...] = ()
    mutes: tuple[Mute, ...] = ()
    ranks: dict[str, Severity] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """Names of signals that no built-in rule derives from values."""
        return tuple(dict.fromkeys(rule.row.signal for rule in self.rules if rule.row.signal not in WITHOUT_VALUES))

    def ranked(self, signal: Signal) -> Signal:
        """Return the signal with the user's severity, or that of its name."""
        kind = SIGNALS.get(signal.name)
        severity = self.ranks.get(signal.name) or (kind.severity if kind else Severity.WARNING)
        return signal if severity is signal.severity else msgspec.structs.replace(signal, severity=severity)


NONE = OwnRules()


def _matches(address: str, glob: str) -> bool:
    """Match a glob in which brackets are literal, since addresses have them."""
    return fnmatchcase(address, glob.replace("[", "[[]"))
