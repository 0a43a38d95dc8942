"""Reads events of other programs: plain JSON in the event's shape, not redacted.

An observer without this package's types (a plugin that may run where it cannot be imported) passes a *document*:

* ``api``: :data:`change_events.API_VERSION` of its format.
* ``event``: an object in the shape of the published schema; ``id``, ``started_at``, ``title`` and ``phase`` may be
missing.
* ``secrets``: values that must not be shown anywhere.
* ``variables``: values by name, which are not recorded; those with secret names are secrets.

:data:`KEYS` are all valid keys. Unknown keys are rejected: ignoring them would change what is recorded.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from change_events import API_VERSION
from change_events.errors import InputError
from change_events.ids import new_id
from change_events.model import ChangeEvent

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from change_events.redact import Redactor

KEYS = (
    "api", "event", "secrets", "variables", "state", "preview", "context", "deliver", "destinations",
    "dedup_window", "close_with_pid", "writer_pid", "directory", "environ",
)  # fmt: skip
LONGEST_TEXT = 4_000  # characters of one text of an event, but its message and data


def event_of(document: Mapping[str, Any], redactor: Redactor) -> ChangeEvent:
    """Return the redacted event of a document; long texts are cut after redaction, so that no secret is cut in half.

    Raises:
        InputError: it has another format, an unknown key, or is not an event; the text names the place.
    """
    if document.get("api") != API_VERSION:
        raise InputError(
            f"api: this tfevent reads version {API_VERSION}, not {document.get('api')!r}; "
            "use the collection and the package of one release"
        )
    _check_names("document", document, KEYS)
    _check_names("event", document.get("event") or {}, ChangeEvent.__struct_encode_fields__)
    for secret in document.get("secrets") or ():
        redactor.remember(secret)
    redactor.harvest(document.get("variables") or {})
    given = {
        "id": new_id(),
        "started_at": datetime.now(UTC),
        "title": "",
        "phase": "applied",
        **(document.get("event") or {}),
    }
    try:
        event = msgspec.convert(_plain(given), ChangeEvent, strict=False)
    except msgspec.ValidationError as error:
        raise InputError(f"event: {error} (expected the shape of `tfevent events schema`)") from error
    clean = redactor.seal(event).event
    kept = {"message": clean.message, "data": clean.data}
    return msgspec.structs.replace(msgspec.convert(_cut(msgspec.to_builtins(clean)), ChangeEvent), **kept)


def _check_names(what: str, value: Any, known: Collection[str]) -> None:
    """Raise InputError for an unknown name; values that are not objects are rejected elsewhere."""
    if isinstance(value, dict) and (wrong := [str(name)[:60] for name in value if name not in known]):
        raise InputError(f"{what}: there is no key {', '.join(wrong)}; it has {', '.join(known)}")


def _plain(value: Any) -> Any:
    """Return texts without subclasses of str, which cannot be serialised."""
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, dict):
        return {_plain(name): _plain(part) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(part) for part in value]
    return value


def _cut(value: Any) -> Any:
    if isinstance(value, str):
        return value if len(value) <= LONGEST_TEXT else value[: LONGEST_TEXT - 1] + "…"
    if isinstance(value, dict):
        return {name: _cut(part) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_cut(part) for part in value]
    return value
