"""Shapes of well-known tokens, in text of any kind.

Each pattern is compiled when a text first holds one of its hints. Every pattern takes steps in proportion to the text:
what repeats is bounded, possessive, or cannot fail after it has matched; a test holds it.
"""

from __future__ import annotations

import binascii
import re
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from change_events.redact.spans import Span


class Shape(NamedTuple):
    """One kind of token.

    Attributes:
        name: whose it is.
        hints: lower-case texts of which a text holds at least one, else the pattern is not tried.
        pattern: what is hidden: its group ``secret``, or all of it where it has no such group.
    """

    name: str
    hints: tuple[str, ...]
    pattern: str


SHAPES = (
    Shape("aws access key id", ("akia", "asia"), r"(?<![A-Za-z0-9])(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Za-z0-9])"),
    Shape("github", ("ghp_", "gho_", "ghu_", "ghs_", "ghr_"), r"gh[pousr]_[A-Za-z0-9]{30,}+"),
    Shape("github fine-grained", ("github_pat_",), r"github_pat_\w{20,}+"),
    Shape("gitlab", ("gl",), r"gl(?:pat|ptt|cbt|rt|dt|soat|agent|oas|ft|imt|ffct)-[\w.-]{18,}+"),
    Shape("slack", ("xox", "xapp-"), r"(?:xox[a-z]|xapp)-[\w-]{10,}+"),
    Shape(
        "slack webhook",
        ("hooks.slack",),
        r"hooks\.slack(?:-gov)?\.com/(?:services|workflows|triggers)/(?P<secret>[^\s\"'<>\\]++)",
    ),
    Shape("discord webhook", ("/api/webhooks/",), r"/api/webhooks/\d{1,20}/(?P<secret>[\w-]++)"),
    Shape(
        "teams webhook",
        ("webhook",),
        r"(?:webhook\.office\.com/webhookb2|outlook\.office\.com/webhook)/(?P<secret>[^\s\"'<>\\]++)",
    ),
    Shape("telegram", (":aa",), r"(?<!\d)\d{8,10}:AA[\w-]{30,}+"),
    Shape(
        "sematext receiver",
        (".sematext.com",),
        r"receiver[\w.-]{0,32}\.sematext\.com(?::\d{1,5})?/(?P<secret>[^\s/?#\"'<>\\]++)",
    ),
    Shape("stripe", ("_live_", "_test_", "whsec_"), r"(?:(?:sk|rk|pk)_(?:live|test)|whsec)_[A-Za-z0-9+/=]{10,}+"),
    Shape("google api key", ("aiza",), r"AIza[\w-]{30,}+"),
    Shape("google oauth", ("ya29.", "gocspx-"), r"(?:ya29\.|GOCSPX-)[\w-]{20,}+"),
    Shape("azure sas", ("sig=",), r"(?<![A-Za-z0-9])sig=(?P<secret>[^\s&\"'<>;\\]++)"),
    Shape("azure client secret", ("q~",), r"(?<![\w~.-])[\w~.-]{3}\dQ~[\w~.-]{30,}+"),
    Shape("jwt", ("eyj",), r"(?<![\w-])eyJ[\w-]{6,}+\.eyJ[\w-]{6,}+(?:\.[\w-]*+)?"),
    Shape("npm", ("npm_",), r"npm_[A-Za-z0-9]{30,}+"),
    Shape("pypi", ("pypi-",), r"pypi-[\w-]{16,}+"),
    Shape("vault", ("hv",), r"(?<![A-Za-z0-9])hv[sbr]\.[\w-]{20,}+"),
    Shape("vault, before 1.10", ("s.", "b."), r"(?<![\w.-])[sb]\.[A-Za-z0-9]{24}(?![\w.-])"),
    Shape("terraform cloud", ("atlasv1",), r"(?:(?<![A-Za-z0-9])[A-Za-z0-9]{1,20})?\.atlasv1\.[\w-]{20,}+"),
    Shape("sendgrid", ("sg.",), r"SG\.[\w-]{16,64}\.[\w-]{16,}+"),
    Shape("twilio", ("sk",), r"(?<![A-Za-z0-9])SK[0-9a-f]{32}(?![A-Za-z0-9])"),
    Shape("mailgun", ("key-",), r"(?<![\w-])key-[0-9a-f]{32}(?![\w-])"),
    Shape("openai, anthropic", ("sk-",), r"(?<![\w-])sk-[\w-]{20,}+"),
    Shape("digitalocean", ("_v1_",), r"do[opr]_v1_[0-9a-f]{40,}+"),
    Shape("databricks", ("dapi",), r"(?<!\w)dapi[0-9a-f]{32}(?:-\d)?"),
    Shape("grafana", ("glsa_", "glc_"), r"gl(?:sa|c)_[\w+/=]{20,}+"),
    Shape("new relic", ("nrak-", "nral"), r"NRAK-[A-Z0-9]{20,}+|(?<!\w)[0-9a-f]{36}NRAL"),
    Shape("doppler", ("dp.",), r"(?<!\w)dp\.(?:pt|st|ct|sa|scim|audit)\.[\w.-]{20,}+"),
    Shape(
        "hugging face, pulumi, atlassian",
        ("hf_", "pul-", "atatt3"),
        r"(?<!\w)(?:hf_[A-Za-z0-9]{30,}+|pul-[0-9a-f]{40}|ATATT3[\w=-]{20,}+)",
    ),
    Shape("shopify", ("shp",), r"shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}"),
    Shape("age", ("age-secret-key-",), r"AGE-SECRET-KEY-1[0-9A-Z]{20,}+"),
    Shape(
        "password hash",
        ("$",),
        r"\$2[abxy]\$\d\d\$[./A-Za-z0-9]{53}|(?<!\$)\$(?:1|5|6|y|7|argon2id?)\$[^\s\"'<>\\]{20,}+",
    ),
    Shape(
        "authorization header",
        ("authorization",),
        r"(?i:authorization)\\{0,8}[\"']?[ \t]{0,4}(?::|=>|=)[ \t]{0,4}\\{0,8}[\"']?"
        r"(?:[A-Za-z][\w-]{1,20}[ \t]{1,4})?(?P<secret>[^\s\"'\\]++)",
    ),
    Shape(
        "bearer", ("bearer",), r"(?i:bearer)(?:[ \t]{1,4}|%20)(?=[A-Za-z._~+/=-]{0,64}\d)(?P<secret>[\w.~+/=-]{6,}+)"
    ),
    Shape("cookie header", ("cookie:",), r"(?i:cookie):[ \t]{0,4}(?P<secret>[^\r\n\"'\\]++)"),
    Shape(
        "curl user",
        ("-u", "-user"),
        r"(?<!\S)(?:-u|--user|--proxy-user)(?:[ \t]{1,4}|=)[\"']?[^\s:\"']{0,64}+:(?P<secret>[^\s\"']++)",
    ),
    Shape(
        "sshpass, mysql",
        ("sshpass", "mysql"),
        r"(?:sshpass|mysql\w{0,12})[ \t](?:[^\n]{0,200}?[ \t])?-p[ \t]{0,2}(?P<secret>[^\s\"'-][^\s\"']*+)",
    ),
    Shape(
        "said in prose",  # login failed for user bob with password 'x'
        ("password", "passphrase", "passwd"),
        r"(?i:\bpass(?:word|phrase|wd)(?: is| was)?) (?P<quote>[\"'])(?P<secret>[^\"'\n]{4,200}+)(?P=quote)",
    ),
)
_HINTS = tuple((hint, shape) for shape in SHAPES for hint in shape.hints)
_BASIC = re.compile(r"(?i:basic)(?:[ \t]{1,4}|%20)([A-Za-z0-9+/_-]{6,}+={0,2})")
_AWS_SECRET = re.compile(r"(?<![A-Za-z0-9/+=])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])")
_NEAR = 240  # characters between an AWS key id and its secret
_PEM = re.compile(r"-----BEGIN (?:[A-Z0-9]{1,20} ){0,3}PRIVATE KEY(?: BLOCK)?-----")
_PEM_END = re.compile(r"-----END [A-Z0-9 ]{0,60}-----")


def token_spans(text: str) -> Iterator[Span]:
    """Yield where something has the shape of a well-known token."""
    lower = text.lower()
    for shape in [shape for hint, shape in _HINTS if hint in lower]:
        found = list(shape_spans(_compiled(shape), text))
        yield from found
        if found and shape is SHAPES[0]:
            yield from _near_aws_keys(text, found)
    if "basic" in lower:
        yield from _basic(text)
    if "private key" in lower:
        yield from _private_keys(text)


def shape_spans(pattern: Any, text: str, **bounds: float) -> Iterator[Span]:
    """Yield the group ``secret`` of every match, or all of it where the pattern has no such group.

    The pattern is one of :mod:`re`, or of ``regex`` with its bounds (``timeout``, in seconds).
    """
    group: str | int = "secret" if "secret" in pattern.groupindex else 0
    for match in pattern.finditer(text, **bounds):
        start, end = match.span(group)
        if 0 <= start < end:
            yield start, end


@cache
def _compiled(shape: Shape) -> re.Pattern[str]:
    return re.compile(shape.pattern)


def _near_aws_keys(text: str, keys: list[Span]) -> Iterator[Span]:
    """Yield 40-character secrets that stand close to an AWS key id: alone, such a text could be anything."""
    seen = 0
    for start, end in keys:
        first = max(seen, start - _NEAR)
        yield from (match.span() for match in _AWS_SECRET.finditer(text, first, end + _NEAR))
        seen = end


def _basic(text: str) -> Iterator[Span]:
    for match in _BASIC.finditer(text):
        if ":" in _decoded(match[1]):
            yield match.span(1)


def _decoded(encoded: str) -> str:
    run = encoded.rstrip("=")
    try:
        return binascii.a2b_base64(run + "=" * (-len(run) % 4)).decode("utf-8", "replace")
    except binascii.Error:
        return ""


def _private_keys(text: str) -> Iterator[Span]:
    """Yield private keys in PEM; one that is cut off reaches to the end of the text."""
    end = 0
    while match := _PEM.search(text, end):
        last = _PEM_END.search(text, match.end())
        end = last.end() if last else len(text)
        yield match.start(), end
