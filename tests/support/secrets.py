"""Planted secrets, and the check that they are nowhere: in no file, no bytes and no text, in no common encoding."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# All invented; put together from parts so that no scanner of repositories takes them for real ones.
PASSWORD = "Tr0ub4dor" + "&3/x+y=z"
AWKWARD = 'p"a\\ss/w' + "ö?r d&1<>%"
MULTI_LINE = "first-line-of-it\nsecond-line-of-it\nthird-line-of-it"
TOKENS = {
    "aws key id": "AKIA" + "Q7PLANTED3EXAMPL",
    "github": "ghp_" + "16C7e42F292c6912E7710c838347Ae178B4a",
    "github fine-grained": "github_pat_" + "11ABCDEFG0abcdefghijkl_0123456789abcdefghijklmnop",
    "gitlab": "glpat-" + "planted_x9Yz0Abc1Def2",
    "slack": "xoxb-" + "123456789012-1234567890123-AbCdEfGhIjKlMnOpQrStUvWx",
    "stripe": "sk_live_" + "4eC39HqLyjWDarjtT1zdp7dc",
    "google": "AIza" + "SyD-planted_0123456789abcdefghijklm",
    "gcp oauth": "ya29." + "a0AfH6SMBplantedplanted0123456789",
    "azure client secret": "abc8" + "Q~plantedplanted0123456789abcdefghij",
    "jwt": "eyJhbGciOiJIUzI1NiJ9" + ".eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P",
    "npm": "npm_" + "plantedPLANTED0123456789plantedPLANT",
    "pypi": "pypi-" + "AgEIcHlwaS5vcmcCJDNplanted0123",
    "vault": "hvs." + "CAESIPlanted0123456789abcdef",
    "vault old": "s." + "Planted0123456789abcdefg",
    "terraform cloud": "ABCDEFGHIJKLMN" + ".atlasv1." + "planted0123456789" * 4,
    "sendgrid": "SG." + "ngeVfQFYQlKU0ufo8x5d1A" + ".TwL2iGABf9DHoTf-09kqeF8tAmbihYzrnopKc-1s5cr",
    "twilio": "SK" + "0123456789abcdef0123456789abcdef",
    "databricks": "dapi" + "0123456789abcdef0123456789abcdef",
    "bcrypt": "$2b$10$" + "N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy",
}
PEM = (
    "-----BEGIN RSA " + "PRIVATE KEY-----\n"
    "MIIEpAIBAAKCAQEAplanted0123456789abcdefghijklmnopqrstuvwxyzABCD\n"
    "plantedplanted0123456789+/ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijkl\n"
    "-----END RSA " + "PRIVATE KEY-----"
)
ALL = (PASSWORD, AWKWARD, MULTI_LINE, *TOKENS.values(), PEM)

_SHORTEST_CORE = 8  # fewer characters of base64 stand somewhere by chance


def forms(secret: str) -> Iterator[str]:
    """Yield the spellings in which a secret could have escaped."""
    yield secret
    for ascii_only in (True, False):
        escaped = json.dumps(secret, ensure_ascii=ascii_only)[1:-1]
        yield escaped
        yield escaped.replace("/", "\\/")
        yield json.dumps(escaped, ensure_ascii=ascii_only)[1:-1]
    yield secret.encode("unicode_escape").decode()
    for safe in ("", "/"):
        encoded = quote(secret, safe=safe)
        yield encoded
        yield re.sub("%..", lambda escape: escape[0].lower(), encoded)
    yield quote_plus(secret)
    raw = secret.encode()
    yield raw.hex()
    yield raw.hex().upper()
    for before in (b"", b"x", b"xy"):
        encoded = base64.b64encode(before + raw).decode()
        yield encoded
        yield encoded.replace("+", "-").replace("/", "_")


def found_in(secrets: Iterable[str], data: bytes) -> list[str]:
    """Return the secrets that stand in the data in any form; multi-line ones also line by line."""
    text = data.decode("utf-8", "replace")
    found = []
    for secret in secrets:
        lines = [secret, *(line for line in secret.split("\n") if len(line) >= 12 and not line.startswith("-----"))]
        if any(form in text for line in lines for form in (*forms(line), *_cores(line))):
            found.append(secret)
    return found


def assert_nowhere(secrets: Iterable[str], *places: Path | bytes | str) -> None:
    """Fail where a secret stands in one of the places: a file, everything under a folder, bytes, or a text."""
    secrets = tuple(secrets)
    for place in places:
        for name, data in _contents(place):
            leaked = found_in(secrets, data)
            assert not leaked, f"{name} holds {leaked}"


def _contents(place: Path | bytes | str) -> Iterator[tuple[str, bytes]]:
    if isinstance(place, Path):
        files = sorted(path for path in place.rglob("*") if path.is_file()) if place.is_dir() else [place]
        for path in files:
            yield str(path), path.read_bytes()
            yield f"the name of {path}", str(path).encode()
    else:
        data = place.encode("utf-8", "replace") if isinstance(place, str) else place
        yield f"{type(place).__name__} {data[:200]!r}", data


def _cores(secret: str) -> Iterator[str]:
    for alignment in range(3):
        core = _core(secret.encode(), alignment)
        if len(core) >= _SHORTEST_CORE:
            yield core
            yield core.replace("+", "-").replace("/", "_")


def _core(raw: bytes, alignment: int) -> str:
    """Return the base64 characters that a secret has whatever stands around it, if it starts at this alignment."""
    encoded = base64.b64encode(b"\0" * alignment + raw).decode().rstrip("=")
    first = (0, 2, 3)[alignment]
    whole = (alignment + len(raw)) * 8 // 6  # characters that hold nothing of what follows
    return encoded[first:whole]
