"""Names that say that their value is a secret: ``db_password``, ``dbPassword``, ``MYSQL_ROOT_PASSWORD``.

A name is split into words at every change of case and every character that is no letter or digit. It is sensitive
when the words hold a secret's word, unless what follows makes a harmless fact of it (``secret_name``, ``token_ttl``).
"""

from __future__ import annotations

import re
from fnmatch import translate

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_LONGEST_NAME = 256  # characters; nothing longer is a name

_TELLING_WORDS = """
    password passwd passphrase passcode pwd pass secret token apikey apitoken credential privatekey accesskey
    secretkey authtoken clientsecret connectionstring kubeconfig psk sas salt auth authorization jwt htpasswd
    pgpass keytab
"""
_SECRET = frozenset(_TELLING_WORDS.split())
_SECRET_ENDINGS = ("password", "passwd", "passphrase", "apikey", "secretkey", "privatekey")
_LAST_ONLY = frozenset({"auth", "salt", "jwt"})  # SaltStack and an `auth` block's settings are no secrets
_KEY_WORDS = """
    access account admin api app application auth client deploy encryption function host instrumentation
    integration license licence master pem preshared primary private pre routing secondary secret server service
    session shared signing ssl storage subscription tls webhook hmac aes decryption consumer
"""
_KEYS = frozenset(_KEY_WORDS.split())
_PHRASES = frozenset(
    {
        ("connection", "string"),
        ("kube", "config"),
        ("webhook", "url"),
        ("webhook", "uri"),
        ("shared", "access", "signature"),
        ("private", "pem"),
        ("master", "user", "pw"),
    }
)
_HARMLESS_WORDS = """
    account algorithm arn audience backend base64encoded bucket byte char complexity count created date day
    description duration enabled encoding endpoint expiration expire expired expires expiry field file format
    generation header host hour id interval issuer kind last length lifetime limit location manager method min
    max minute mode name namespace number optional path period permission policy prefix provider ref reference
    region required requirement reset resource retention role rotation rule scope selector setting size state
    status store suffix support template ttl type unit update updated usage user username validity version
    versioned window year
"""
_HARMLESS = frozenset(_HARMLESS_WORDS.split())
_IDENTIFIED = frozenset({"secret", "token"})  # a Vault secret_id opens doors, an access_key_id does not
_MEASURES = frozenset({"max", "min", "num", "count", "number", "total"})


class NameRules:
    """Decides by its name whether a value is hidden.

    Args:
        extra: further globs, matched against the whole name in any case.
    """

    def __init__(self, extra: tuple[str, ...] = ()) -> None:
        self._known: dict[str, bool] = {}
        globs = "|".join(translate(glob.lower()) for glob in extra)
        self._extra = re.compile(globs) if globs else None

    def is_sensitive(self, name: str) -> bool:
        """Tell whether the value under this name is a secret."""
        known = self._known.get(name)
        if known is None:
            known = self._decide(name)
            if len(name) <= _LONGEST_NAME:
                self._known[name] = known
        return known

    def _decide(self, name: str) -> bool:
        if len(name) > _LONGEST_NAME:
            return False
        return (self._extra is not None and self._extra.match(name.lower()) is not None) or is_secret_name(name)


def is_secret_name(name: str) -> bool:
    """Tell whether a name is sensitive by the built-in rules."""
    words = [_singular(word.lower()) for word in _WORD.findall(name)]
    end = _end_of_secret(words)
    if not end:
        return False
    rest = words[end:]
    if rest == ["id"]:
        return words[end - 1] in _IDENTIFIED
    if words[0] in _MEASURES:
        return False
    return not (rest and rest[-1] in _HARMLESS)


def _end_of_secret(words: list[str]) -> int:
    """Return the place behind the last words that mean a secret, 0 where none do."""
    for end in range(len(words), 0, -1):
        word = words[end - 1]
        if word in _LAST_ONLY and end < len(words):
            continue
        if word in _SECRET or word.endswith(_SECRET_ENDINGS):
            return end
        if word == "key" and end > 1 and words[end - 2] in _KEYS:
            return end
        if tuple(words[end - 2 : end]) in _PHRASES or tuple(words[end - 3 : end]) in _PHRASES:
            return end
    return 0


def _singular(word: str) -> str:
    if word in {"sas", "pass", "alias", "access", "address"} or word.endswith("ss"):
        return word
    return word[:-1] if word.endswith("s") and word != "expires" else word
