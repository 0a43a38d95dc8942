"""Static files such as style sheets and the script: read once, identified by a hash of their content."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib import resources
from typing import NamedTuple

from starlette.responses import Response

TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}


class StaticFile(NamedTuple):
    """A file of `change_events/server/static`."""

    content: bytes
    kind: str
    tag: str


@cache
def static_files() -> dict[str, StaticFile]:
    """Return all static files by name."""
    found = {}
    for file in (resources.files("change_events.server") / "static").iterdir():
        kind = TYPES.get(file.name[file.name.rfind(".") :])
        if kind:
            content = file.read_bytes()
            found[file.name] = StaticFile(content, kind, f'"{hashlib.sha256(content).hexdigest()[:32]}"')
    return found


def static_response(name: str, known: str | None) -> Response | None:
    """Return the file, or 304 if it has not changed; None if it does not exist.

    Args:
        name: name of the file.
        known: value of `If-None-Match`.
    """
    if (file := static_files().get(name)) is None:
        return None
    headers = {"etag": file.tag, "cache-control": "no-cache"}
    if known == file.tag:
        return Response(status_code=304, headers=headers)
    return Response(file.content, headers=headers, media_type=file.kind)
