"""A page without recorded data: why a request is refused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

import msgspec

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

_HTML = b"text/html; charset=utf-8"
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
{head}<title>{title} · tfevent</title>
<link rel="stylesheet" href="/static/tokens.css">
<link rel="stylesheet" href="/static/style.css">
</head>
<body>
<main id="main">
<h1>{title}</h1>
<div class="state error"><p>{text}</p></div>{links}
</main>
</body>
</html>
"""


@dataclass(frozen=True, slots=True)
class PlainPage:
    """An ASGI application that sends one page.

    Attributes:
        status: status of the response.
        title: a sentence.
        text: explanation and remedy, trusted text.
        again: link to the same URL: followed from this site, it has the session's cookie.
        onward: redirect to it at once, as a link of this site.
        allow: the allowed methods.
        for_programs: send a problem document (RFC 9457) instead.
    """

    status: int
    title: str
    text: str
    again: bool = False
    onward: str = ""
    allow: str = ""
    cookie: str = ""
    for_programs: bool = False

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        """Send the page."""
        kind, body = (b"application/problem+json", self._json()) if self.for_programs else (_HTML, self._html(scope))
        headers = [(b"content-type", kind), (b"content-length", str(len(body)).encode())]
        for name, value in ((b"allow", self.allow), (b"set-cookie", self.cookie)):
            if value:
                headers.append((name, value.encode("ascii")))
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})

    def _json(self) -> bytes:
        return msgspec.json.encode(
            {"type": "about:blank", "title": self.title, "status": self.status, "detail": self.text}
        )

    def _html(self, scope: Scope) -> bytes:
        from html import escape

        target = self.onward
        if self.again:
            query = scope["query_string"].decode("latin-1")
            target = quote(scope["path"]) + (f"?{quote(query, safe='=&%+,:;@-._~/!$()*')}" if query else "")
            target = "/" + target.lstrip("/")  # `//` would be another host
        head = f'<meta http-equiv="refresh" content="0; url={escape(self.onward)}">\n' if self.onward else ""
        links = f'\n<p class="more"><a class="btn" href="{escape(target)}">Open this page</a></p>' if target else ""
        return _PAGE.format(head=head, title=escape(self.title), text=_code(self.text), links=links).encode()


def _code(text: str) -> str:
    """Convert text in backticks to HTML code."""
    from html import escape

    parts = escape(text).split("`")
    return "".join(f"<code>{part}</code>" if number % 2 else part for number, part in enumerate(parts))
