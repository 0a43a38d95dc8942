"""Feeds of the newest events of a list: Atom (RFC 4287) and JSON Feed 1.1."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, NamedTuple
from xml.etree import ElementTree as ET

import msgspec

from change_events import __version__
from change_events.server import list_sentences, urls
from change_events.server.filters import ADDED, names_of, query_for, read_filters
from change_events.server.parameters import check_parameters
from change_events.server.rows import event_row, parts_of
from change_events.summary.causes import known, shared_words
from change_events.text.markdown import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from change_events.history.source import Source
    from change_events.journal import Record
    from change_events.server.filters import Filters
    from change_events.server.page import PageRequest

ENTRIES = 50
ATOM = "application/atom+xml; charset=utf-8"
JSON = "application/feed+json; charset=utf-8"
_NAMESPACE = "http://www.w3.org/2005/Atom"
_ADDRESS = 300
_TAG = 60


class _Item(NamedTuple):
    id: str
    path: str
    title: str
    author: str
    published: datetime
    updated: datetime
    text: str
    tags: list[str]


def atom(source: Source, request: PageRequest, base: str) -> bytes:
    """Return the list with the filters of the URL as Atom.

    A settled event keeps its id and gets another update time.

    Args:
        source: the source.
        request: the request, with the filters in its query.
        base: scheme, host and port of the server, without a trailing slash.

    Raises:
        ParameterError: a parameter is unknown.
        MomentError: a time of the filters cannot be read.
        JournalError: the source cannot be read.
    """
    check_parameters(request, (*names_of(source), ADDED))
    filters = read_filters(request.query)
    items = list(_items(source, filters, request))
    feed = ET.Element("feed", xmlns=_NAMESPACE)
    _add(feed, "id", _feed_id(filters, request))
    _add(feed, "title", _title(filters, request))
    _add(feed, "updated", max((item.updated for item in items), default=request.now).isoformat())
    _add(feed, "link", rel="self", type="application/atom+xml", href=base + urls.atom(filters))
    _add(feed, "link", rel="alternate", type="text/html", href=base + urls.events(filters))
    _add(feed, "generator", "tfevent", version=__version__)
    _add(_add(feed, "author"), "name", one_line(request.source_name))
    for item in items:
        entry = _add(feed, "entry")
        _add(entry, "id", f"urn:uuid:{item.id}")
        _add(entry, "title", item.title)
        _add(entry, "updated", item.updated.isoformat())
        _add(entry, "published", item.published.isoformat())
        _add(entry, "link", rel="alternate", type="text/html", href=base + item.path)
        if item.author:
            _add(_add(entry, "author"), "name", item.author)
        for tag in item.tags:
            _add(entry, "category", term=tag)
        _add(entry, "summary", item.text)
    text: bytes = ET.tostring(feed, encoding="utf-8", xml_declaration=True)
    return text


def json_feed(source: Source, request: PageRequest, base: str) -> bytes:
    """Return the list as JSON Feed; arguments and errors as in :func:`atom`."""
    check_parameters(request, (*names_of(source), ADDED))
    filters = read_filters(request.query)
    items = [
        {
            "id": item.id,
            "url": base + item.path,
            "title": item.title,
            "content_text": item.text,
            "date_published": item.published.isoformat(),
            "date_modified": item.updated.isoformat(),
            "tags": item.tags,
            **({"authors": [{"name": item.author}]} if item.author else {}),
        }
        for item in _items(source, filters, request)
    ]
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": _title(filters, request),
        "home_page_url": base + urls.events(filters),
        "feed_url": base + urls.json_feed(filters),
        "items": items,
    }
    return msgspec.json.encode(feed)


def _items(source: Source, filters: Filters, request: PageRequest) -> Iterator[_Item]:
    return (_item(record, request) for record in source.list(query_for(filters, request, ENTRIES)))


def _item(record: Record, request: PageRequest) -> _Item:
    row = event_row(record, request)
    causes = [one_line(shared_words(cause, markdown=False)) for cause in known(parts_of(record).causes)]
    team = f"team {row.team}" if row.team else ""
    first = ", ".join(part for part in (row.look.word, team, row.phase, row.took, row.tool, row.who) if part)
    signal_names = (one_line(one.name, _TAG) for one in row.signals)
    signals = ", ".join(one.words for one in row.signals)
    return _Item(
        id=_entry_id(record),
        path=row.href,
        title=row.title,
        author=row.who,
        published=record.started_at,
        updated=record.ended_at or record.started_at,
        text="; ".join(part for part in (first, signals, row.failure, *causes[:1]) if part),
        tags=[record.kind, row.look.word, *([row.team] if row.team else []), *signal_names],
    )


def _title(filters: Filters, request: PageRequest) -> str:
    return one_line(f"{request.source_name}: {list_sentences.described(filters, request)}", _ADDRESS)


def _feed_id(filters: Filters, request: PageRequest) -> str:
    """Return an id that depends on the filters and the source, not on the address of the server."""
    return uuid.uuid5(uuid.NAMESPACE_URL, f"{request.source_name} {urls.atom(filters)}").urn


def _entry_id(record: Record) -> str:
    """Return the id of the event, with the teams if others recorded it differently."""
    if not record.others:
        return record.id
    return str(uuid.uuid5(uuid.NAMESPACE_OID, f"{record.id} {','.join(record.teams)}"))


def _add(parent: ET.Element, name: str, text: str = "", **attributes: str) -> ET.Element:
    child = ET.SubElement(parent, name, attributes)
    child.text = text or None
    return child
