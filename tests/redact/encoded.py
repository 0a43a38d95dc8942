"""Spellings in which a remembered secret can turn up."""

from __future__ import annotations

import base64
import html
import json
import textwrap
import unicodedata
from urllib.parse import quote, quote_plus

SECRETS = (
    "hunter2Planted!",
    'p"a\\ss/wö?r d&1<>%',
    "\"'\\öquoted-first",
    "it's O'Neil's p@ss",
    "naïve-Pässwört-9",
    "Zq4+x/y=planted",
)


def spellings(secret: str) -> dict[str, str]:
    """Each encoding's name and what the secret looks like in it, with something around."""
    raw = secret.encode()
    document = json.dumps({"user": "bob", "password": secret})
    found = {
        "plain": secret,
        "json": json.dumps(secret),
        "json, unicode": json.dumps(secret, ensure_ascii=False),
        "json in json": json.dumps(json.dumps({"x": secret})),
        "json in json in json": json.dumps(json.dumps(json.dumps([secret]))),
        "unicode escapes": "".join(f"\\u{ord(letter):04x}" for letter in secret),
        "long escapes": "".join(f"\\U{ord(letter):08x}" for letter in secret),
        "xml": html.escape(secret),
        "xml, numbered": "".join(f"&#{ord(letter)};" for letter in secret),
        "xml, hex": "".join(f"&#x{ord(letter):x};" for letter in secret),
        "sql": secret.replace("'", "''"),
        "csv": secret.replace('"', '""'),
        "shell": secret.replace("'", "'\\''"),
        "shell, other": secret.replace("'", "'\"'\"'"),
        "url": quote(secret, safe=""),
        "url, lower": quote(secret, safe="").replace("%2F", "%2f"),
        "form": quote_plus(secret),
        "url twice": quote(quote(secret, safe=""), safe=""),
        "json, url": json.dumps(quote(secret)),
        "hex": raw.hex(),
        "HEX": raw.hex().upper(),
        "hex, colons": raw.hex(":"),
        "hex, spaces": raw.hex(" "),
        "hex, 0x": ", ".join(f"0x{byte:02x}" for byte in raw),
        "bytes": "".join(f"\\x{byte:02x}" for byte in raw) if secret.isascii() else secret,
        "nfd": unicodedata.normalize("NFD", secret),
        "nfc": unicodedata.normalize("NFC", secret),
        "upper": secret.upper(),
        "lower": secret.lower(),
        "title": secret.title(),
        "swapped": secret.swapcase(),
        "reversed": secret[::-1],
        "upper, reversed": secret.upper()[::-1],
        "upper, json": json.dumps(secret.upper()),
        "lower, url": quote(secret.lower(), safe=""),
        "upper, base64": base64.b64encode(secret.upper().encode()).decode(),
        "reversed, base64": base64.b64encode(b"x" + secret[::-1].encode()).decode(),
        "reversed, hex": secret[::-1].encode().hex(),
    }
    inner = {
        "": raw,
        "json": document.encode(),
        "json, unicode": json.dumps({"p": secret}, ensure_ascii=False).encode(),
    }
    for name, data in inner.items():
        for before in (b"", b"x", b"xy"):
            encoded = base64.b64encode(before + data)
            label = f"base64 {name} +{len(before)}"
            found[label] = encoded.decode()
            found[f"{label}, unpadded"] = encoded.decode().rstrip("=")
            found[f"{label}, url-safe"] = base64.urlsafe_b64encode(before + data).decode()
            found[f"{label}, twice"] = base64.b64encode(encoded).decode()
            found[f"{label}, in a path"] = f"v1/{encoded.decode()}"
            found[f"{label}, in json"] = json.dumps({"auth": encoded.decode()})
            for width in (64, 76):
                long = base64.b64encode(b"filler-" * 7 + before + data + b"-filler" * 9).decode()
                lines = textwrap.wrap(long, width)
                found[f"{label}, wrapped at {width}"] = "\n".join(lines)
                found[f"{label}, wrapped and indented"] = "\n    ".join(lines)
                found[f"{label}, wrapped, in json"] = json.dumps("\n".join(lines))
                found[f"{label}, wrapped, CRLF"] = "\r\n".join(lines)
    auth = base64.b64encode(f"bob:{secret}".encode()).decode()
    docker = json.dumps({"auths": {"r.example.org": {"auth": auth}}})
    found["dockerconfigjson"] = base64.b64encode(docker.encode()).decode()
    return found
