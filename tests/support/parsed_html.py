"""HTML as a browser reads it, as far as tests ask about it."""

from __future__ import annotations

from html.parser import HTMLParser

VOID = {"meta", "link", "input", "br"}
ADDRESSES = {"href", "src", "action", "data", "srcset", "poster", "background", "formaction"}


class Parsed(HTMLParser):
    """Elements, attributes and texts of a page; every element is closed where it should be.

    Attributes:
        tags: of all elements.
        attributes: of all elements, as pairs.
        text: of the page, in pieces.
        headings: the text of each `h1`.
    """

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.open, self.text, self.headings = set(), [], [], [], []
        self.feed(text)
        self.close()
        assert self.open == []

    @property
    def targets(self):
        """Where links, forms and the like lead."""
        return [value for name, value in self.attributes if name in ADDRESSES]

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)
        if tag == "h1":
            self.headings.append("")

    def handle_startendtag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes += attrs

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)
        if "h1" in self.open:
            self.headings[-1] += data
