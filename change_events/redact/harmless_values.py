"""Values that are shown under a sensitive name: settings, numbers, references, addresses and names of secrets.

``http_tokens = "required"`` and ``authorization = "NONE"`` are what a reader asks for, and no secrets. The words are a
closed set of settings' words, none of which people take for a password: ``changeme``, ``admin`` and ``secret`` are not
among them.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from change_events.text.lazy_pattern import lazy_pattern

_STATES = frozenset(
    [
        "required",
        "optional",
        "enabled",
        "disabled",
        "enable",
        "disable",
        "none",
        "never",
        "always",
        "unset",
        "notset",
        "not_set",
        "null",
        "nil",
        "true",
        "false",
        "yes",
        "no",
        "on",
        "off",
        "active",
        "inactive",
        "managed",
        "unmanaged",
        "unknown",
        "absent",
        "present",
        "expired",
        "invalid",
        "revoked",
        "missing",
        "redacted",
        "masked",
        "unchanged",
        "rotated",
        "pending",
        "deprecated",
        "unavailable",
        "unspecified",
        "not_required",
        "use_default",
        "disallowed",
    ]
)
_MODES = frozenset(
    [
        "aws_iam",
        "aws_lambda",
        "custom",
        "cognito_user_pools",
        "amazon_cognito_user_pools",
        "openid_connect",
        "api_key",
        "iam",
        "iam_auth",
        "iam_authentication",
        "basic",
        "bearer",
        "digest",
        "oauth",
        "oauth2",
        "oauth2_proxy",
        "oidc",
        "saml",
        "saml2",
        "ldap",
        "ldaps",
        "kerberos",
        "gssapi",
        "ntlm",
        "mtls",
        "tls",
        "ssl",
        "md5",
        "scram",
        "scram_sha_256",
        "scram_sha_512",
        "scram_sha_1",
        "sha1",
        "sha256",
        "sha512",
        "cert",
        "certificate",
        "passwordless",
        "userpass",
        "approle",
        "kubernetes",
        "jwt",
        "plaintext",
        "cleartext",
        "header",
        "query",
        "query_string",
        "cookie",
        "authorizer",
        "automatic",
        "manual",
        "auto",
        "rotate",
        "symmetric_default",
        "sign_verify",
        "encrypt_decrypt",
        "lb_cookie",
        "app_cookie",
        "whitelist",
        "allowlist",
        "denylist",
        "all",
        "client_secret_basic",
        "client_secret_post",
        "private_key_jwt",
        "aes256",
        "aes_256",
        "kms",
        "aws_kms",
        "managed_identity",
        "workload_identity",
        "system_assigned",
        "user_assigned",
        "service_account",
    ]
)
_UNIT_WORDS = "milliseconds seconds minutes hours days weeks months years second minute hour day week month year"
_UNITS = frozenset(_UNIT_WORDS.split())
REFERENCE = lazy_pattern(
    r"(?:var|local|module|data|path|each|self|resource|azurerm|google|aws|random|vault)(?:_\w{1,60})?"
    r"\.[A-Za-z_][\w-]{0,80}(?:(?:\.[\w*-]{1,80})|\[[^\[\]\s]{0,80}\]){0,12}"
    r"|[a-z][a-z0-9]{1,20}_[a-z_]{2,60}\.[a-z_][\w-]{0,60}(?:\[[^\[\]\s]{0,60}\])?\.[a-z_][\w.]{0,80}"
    r"|\$\{\{?[ \t]?[A-Za-z_][\w.:\[\]\"'*-]{0,120}[ \t]?\}?\}|\{\{[ \t]?[A-Za-z_][\w. |]{0,120}[ \t]?\}\}"
    r"|\$[A-Z][A-Z0-9]{0,40}_[A-Z0-9_]{1,60}|\$\([A-Z][A-Z0-9_]{1,60}\)|\$[A-Z]{0,20}(?:PASS|PASSWORD|TOKEN|SECRET|KEY|PWD?)"
)
ARN = lazy_pattern(r"arn:[a-z0-9-]{1,20}:[a-z0-9-]{0,40}:[a-z0-9-]{0,40}:[\w-]{0,40}:[\w+=,.@/:*$-]{1,1024}+")
_CLOUD_PATH = lazy_pattern(
    r"(?:/?(?:projects|subscriptions|organizations|folders)/[\w.-]{1,100}/[\w./@-]{1,500}"
    r"|(?:op|vault|awssm|awsssm|gcpsm|azkv|ref\+\w{1,30})://[\w./@%+ -]{1,500}(?:[#?][\w.=&-]{0,100})?)"
)
_DURATION = lazy_pattern(
    r"\d{1,6}(?:\.\d{1,3})?[ ]?(?:ns|us|ms|s|m|h|d|w|y|sec|secs|min|mins|seconds?|minutes?|hours?|days?|weeks?)"
)
_SMALL = 1000  # a number below it is a count or a limit: no one's password, and guessed if it is
_UUID = lazy_pattern(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
_LONGEST = 2000  # characters of a value that are looked at; longer ones count as random
_SEGMENT = lazy_pattern(r"[A-Za-z0-9]+")
_RUN = lazy_pattern(r"[A-Z]?[a-z]+|[A-Z]+|[0-9]+")
_SHORTEST_RANDOM = 12  # characters of a segment
_LONG_LETTERS = 16
_FEW = 4  # words and numbers in a row that a name may have
# characters that a word or number in a row has on average in what people write, more than at random
_LETTERS, _MIXED, _ONE_CASE = 2.2, 2.6, 3.9
_HEX = lazy_pattern(r"[0-9a-f]{16,}|[0-9A-F]{16,}")
_PADDED = lazy_pattern(r"[A-Za-z0-9+/_-]{14,}={1,2}")
_WORD = lazy_pattern(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
# of the parts of a secret's description, those that name and place it
_FACT_KEYS = frozenset(
    [
        "name",
        "names",
        "namespace",
        "type",
        "kind",
        "version",
        "versions",
        "arn",
        "format",
        "status",
        "state",
        "region",
        "ttl",
        "unit",
        "units",
        "period",
        "duration",
        "enabled",
        "optional",
        "required",
        "mode",
        "path",
        "ref",
        "from",
        "expiry",
        "algorithm",
        "scope",
        "scopes",
        "policy",
        "provider",
        "project",
        "behavior",
    ]
)


def is_open(value: object) -> bool:
    """Return whether a value reveals nothing even under a sensitive name: a flag, null, or empty."""
    return value is None or isinstance(value, bool) or value in ("", [], {})


def is_fact(value: Any, *, plain: bool, modes: bool = True, counts: bool = False) -> bool:
    """Return whether a value under a sensitive name is a setting or a reference, not a secret.

    Args:
        value: plain Python of a JSON value; in objects and arrays, everything must be a fact.
        plain: the name means a password, which may be any word, number or path.
        modes: the name may be a setting's, whose value is a mode: ``authorization = "AWS_IAM"``.
        counts: the name is a plural, whose number is a count.
    """
    if is_open(value):
        return True
    if isinstance(value, str):
        return _is_fact_text(value, plain=plain, modes=modes)
    if isinstance(value, dict):
        return all(is_fact_at(key, part) or is_fact(part, plain=plain, modes=modes) for key, part in value.items())
    if isinstance(value, (list, tuple)):
        return all(is_fact(part, plain=plain, modes=modes) for part in value)
    try:
        return (counts or not plain) and abs(value) < _SMALL
    except (TypeError, ArithmeticError):  # a signalling NaN cannot be compared
        return False


def is_fact_at(key: object, value: Any) -> bool:
    """Return whether a part of what has a sensitive name is no secret by its own name: ``secrets[0].name``."""
    if isinstance(value, (dict, list, tuple)) or not isinstance(key, str):
        return False
    words = [word.lower() for word in _WORD.findall(key)]
    is_fact = bool(words) and (words[-1] in _FACT_KEYS or words[-2:] == ["key", "id"])
    return is_fact and not (isinstance(value, str) and looks_random(value) and not ARN.fullmatch(value))


def any_random(value: Any) -> bool:
    """Return whether a text that looks random is in the value, at any depth."""
    if isinstance(value, str):
        return looks_random(value) and not ARN.fullmatch(value)
    if isinstance(value, dict):
        return any(any_random(part) for part in value.values())
    return isinstance(value, (list, tuple)) and any(any_random(part) for part in value)


def looks_random(text: str) -> bool:
    """Return whether a text looks like a key or token: long, of mixed kinds of characters, and no words in a row."""
    if len(text) < _SHORTEST_RANDOM:
        return False
    if len(text) > _LONGEST or _UUID.fullmatch(text) or _PADDED.fullmatch(text):
        return True
    if any(_is_random(segment) for segment in _SEGMENT.findall(text)):
        return True
    joined = text.replace("/", "").replace("+", "")
    return len(joined) < len(text) and len(joined) >= _LONG_LETTERS and joined.isalnum() and _is_random(joined)


def _is_random(segment: str) -> bool:
    if len(segment) < _SHORTEST_RANDOM:
        return False
    if _HEX.fullmatch(segment):
        return not segment.isdigit() and not segment.isalpha()
    runs = _RUN.findall(segment)
    if segment.isalpha():
        return len(segment) >= _LONG_LETTERS and len(segment) < _LETTERS * len(runs)
    longest = _MIXED if segment.lower() != segment != segment.upper() else _ONE_CASE
    return len(runs) > _FEW and len(segment) < longest * len(runs)


def _is_fact_text(text: str, *, plain: bool, modes: bool) -> bool:
    word = text.strip().lower().replace("-", "_").replace(" ", "_")
    if word in _STATES or ARN.fullmatch(text) or REFERENCE.fullmatch(text) or _CLOUD_PATH.fullmatch(text):
        return True
    if plain:
        return False
    if word in _UNITS or (modes and word in _MODES) or _DURATION.fullmatch(text):
        return True
    if text.isdecimal() and int(text[:9]) < _SMALL and len(text) < 4:  # noqa: PLR2004
        return True
    return is_plain_address(text)


def is_plain_address(text: str) -> bool:
    """Return whether a text is a URL in which nothing looks like a secret: no password, no random part."""
    if "://" not in text[:20] or any(space in text for space in " \t\n"):
        return False
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return (
        parts.scheme in ("http", "https")
        and "@" not in parts.netloc
        and bool(parts.hostname)
        and not (parts.query or parts.fragment or looks_random(parts.path))
    )
