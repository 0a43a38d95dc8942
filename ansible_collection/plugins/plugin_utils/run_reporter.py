# Copyright: the tfevent authors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""One event recorded while it happens: started, checkpoints in case of a kill, settled."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, MutableMapping
from typing import Any

from ansible_collections.tfevent.infra.plugins.plugin_utils import trace
from ansible_collections.tfevent.infra.plugins.plugin_utils.run_document import Identity
from ansible_collections.tfevent.infra.plugins.plugin_utils.session import API_VERSION, NoProcessError, Session

_SHARE = 400  # checkpoints take at most one part in so many of the time,
_AHEAD = 0.1  # and so many seconds, which a run may spend early
_PAUSE = 2.0  # seconds between two checkpoints, at least, where no task begins that may take long


class RunReporter:
    """One event passed through a session.

    Args:
        session: takes the documents.
        environ: the process's own variables: they link the run to its parent, and have its trace while it runs.
        compose: returns the current event.

    Attributes:
        delivers: the event was or will be delivered.
    """

    def __init__(
        self, session: Session, environ: MutableMapping[str, str], compose: Callable[..., dict[str, Any]]
    ) -> None:
        run_id = trace.new_id()
        self.identity = Identity(run_id, time.time(), trace.begin(environ, run_id))
        self._session = session
        self._compose = compose
        self._handed = trace.Handed(environ, self.identity.trace)
        self._secrets: dict[str, None] = {}
        self._variables: dict[str, dict[Any, Any]] = {}
        self._began = time.monotonic()
        self._last = self._began
        self._spent = 0.0
        self.delivers = False

    def learn(self, secrets: Mapping[str, None], variables: Mapping[str, Any]) -> None:
        """Hide these values, and variables with secret names; sent with the next document."""
        self._secrets |= secrets
        for name, value in variables.items():
            known = self._variables.setdefault(name, {})  # hosts and plays have values of their own under one name
            known.setdefault(value if isinstance(value, str) else repr(value), value)

    def start(self) -> None:
        """Record the start; in another session if the first one has no process. Raises HandoverError."""
        document = self._document(self._compose(self.identity))
        try:
            self._session.start(document)
        except NoProcessError:
            if self._session.instead is None:
                raise
            self._session.close()
            self._session = self._session.instead()
            self._session.start(document)

    def checkpoint(self, *, soon: bool = False) -> None:
        """Write a checkpoint if there is time for it. Raises HandoverError.

        Args:
            soon: a step begins that may take long: this is the last opportunity for some time.
        """
        if not self.has_time(soon=soon):
            return
        now = time.monotonic()
        self._session.checkpoint(self._document(self._compose(self.identity)))
        self._last = time.monotonic()
        self._spent += self._last - now

    def has_time(self, *, soon: bool = False) -> bool:
        """Return whether a checkpoint is due; see :meth:`checkpoint`."""
        now = time.monotonic()
        return self._spent <= _AHEAD + (now - self._began) / _SHARE and (soon or now >= self._last + _PAUSE)

    def no_more_checkpoints(self) -> None:
        """Stop writing checkpoints."""
        self._spent = float("inf")

    def settle(self, end: str | None = None, *, deliver: bool = True, seconds: float | None = None) -> dict[str, Any]:
        """Record the end; returns the session's answer. Raises HandoverError.

        Args:
            end: what ended it early.
            deliver: False leaves delivery to a later event.
            seconds: time left to this process, at its end; a session that outlives it delivers in any case.
        """
        self.delivers = deliver or (seconds is not None and self._session.outlives)
        self._handed.take_back()
        event = self._compose(self.identity, over=True, end=end)
        return self._session.settle({**self._document(event), "deliver": self.delivers}, seconds=seconds)

    def drop(self) -> None:
        """Stop recording; the next tfevent command settles the started event."""
        self._handed.take_back()
        self._session.close()

    def _document(self, event: dict[str, Any]) -> dict[str, Any]:
        named = {name: list(values.values()) for name, values in self._variables.items()}
        document = {"api": API_VERSION, "event": event, "secrets": list(self._secrets), "variables": named}
        self._secrets, self._variables = {}, {}
        return {name: _json(value) for name, value in document.items()}


def _json(value: Any) -> Any:
    """Return the value in plain JSON types, without Ansible's subclasses."""
    if isinstance(value, str):
        return str.__str__(value)  # str() of an "unsafe" text is one again
    if isinstance(value, Mapping):
        return {_json(name if isinstance(name, str) else str(name)): _json(part) for name, part in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_json(part) for part in value]
    if value is None or isinstance(value, bool):
        return value
    for kind in (int, float):
        if isinstance(value, kind):
            return kind(value)
    return _json(str(value))
