"""Feeds of any list: Atom and JSON Feed, the newest events."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

import msgspec

from change_events.server import urls
from change_events.server.filters import query_for, read_filters
from change_events.server.list_sentences import described
from change_events.server.rows import event_row
from change_events.text.printable import visible

if TYPE_CHECKING:
    from collections.abc import Iterator

    from change_events.history.source import Source
    from change_events.server.filters import Filters
    from change_events.server.page import PageRequest
    from change_events.server.rows import EventRow

ENTRIES = 50


def atom(source: Source, request: PageRequest, base: str) -> bytes:
    """The newest events of a list, as Atom.

    Args:
        source: what is asked.
        request: whose query has the filters of the list.
        base: scheme and host of the server, which a feed needs to name its entries' pages.
    """
    filters = read_filters(request.query)
    rows = _rows(source, filters, request)
    updated = rows[0].started_at if rows else request.now
    parts = [
        '<?xml version="1.0" encoding="utf-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom">\n',
        f"<id>{_text(base + urls.atom(filters))}</id>\n<title>{_text(_title(filters, request))}</title>\n",
        f"<updated>{updated.isoformat()}</updated>\n<author><name>tfevent</name></author>\n",
        f'<link rel="self" href={quoteattr(base + urls.atom(filters))}/>\n',
        f"<link href={quoteattr(base + urls.events(filters))}/>\n",
        *(_entry(row, base) for row in rows),
        "</feed>\n",
    ]
    return "".join(parts).encode()


def json_feed(source: Source, request: PageRequest, base: str) -> bytes:
    """The newest events of a list, as JSON Feed 1.1; arguments as of :func:`atom`."""
    filters = read_filters(request.query)
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": _title(filters, request),
        "home_page_url": base + urls.events(filters),
        "feed_url": base + urls.json_feed(filters),
        "items": [
            {
                "id": row.id,
                "url": base + urls.event(row.id),
                "title": row.title,
                "content_text": _words(row),
                "date_published": row.started_at.isoformat(),
                "tags": [row.look.word, *(signal.name for signal in row.signals)],
            }
            for row in _rows(source, filters, request)
        ],
    }
    return msgspec.json.encode(feed)


def _rows(source: Source, filters: Filters, request: PageRequest) -> list[EventRow]:
    return [event_row(record, request) for record in source.list(query_for(filters, request, ENTRIES))]


def _title(filters: Filters, request: PageRequest) -> str:
    return f"{described(filters, request).capitalize()}, {request.source_name}"


def _words(row: EventRow) -> str:
    return ". ".join(_sentences(row)) + "."


def _sentences(row: EventRow) -> Iterator[str]:
    yield f"{row.look.word}{f', {row.phase}' if row.phase else ''}, {row.took}".removesuffix(", ")
    if row.signals:
        yield "Signals: " + ", ".join(signal.words for signal in row.signals)
    if row.failure:
        yield f"Failed: {row.failure}"
    if row.who:
        yield f"By {row.who}, with {row.tool}"


def _entry(row: EventRow, base: str) -> str:
    categories = "".join(f"<category term={quoteattr(visible(one.name))}/>" for one in row.signals)
    return (
        f"<entry><id>urn:uuid:{_text(row.id)}</id><title>{_text(row.title)}</title>"
        f"<updated>{row.started_at.isoformat()}</updated><link href={quoteattr(base + urls.event(row.id))}/>"
        f"<author><name>{_text(row.who or 'unknown')}</name></author>{categories}"
        f"<summary>{_text(_words(row))}</summary></entry>\n"
    )


def _text(text: str) -> str:
    """For XML, which cannot carry every character that a text may have."""
    return escape(visible(text))
