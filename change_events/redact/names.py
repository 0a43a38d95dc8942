"""Names whose values are secrets: ``db_password``, ``dbPassword``, ``MYSQL_ROOT_PASSWORD``.

A name is split into words at changes of case and at characters other than letters and digits. It is sensitive if the
words include a secret's word, unless the rest makes it a harmless fact (``secret_name``, ``token_ttl``). Some names are
ambiguous (``routing_key``, ``tls_secret``, ``datadog``): their value is a secret if it looks random. Values that may be
shown under a sensitive name are in :mod:`change_events.redact.harmless_values`.
"""

from __future__ import annotations

import re
from enum import IntEnum
from fnmatch import translate
from itertools import pairwise
from typing import Any

from change_events.redact import harmless_values
from change_events.text.lazy_pattern import lazy_pattern

_WORD = lazy_pattern(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_LONGEST_NAME = 256  # characters; nothing longer is a name

_TELLING_WORDS = """
    password passwd passphrase passcode pwd pw passwort secret token apikey apitoken credential cred privatekey
    accesskey secretkey authtoken clientsecret connectionstring kubeconfig psk sas htpasswd pgpass keytab otp totp
    mnemonic passkey
"""
_SECRET = frozenset(_TELLING_WORDS.split())
_SECRET_ENDINGS = (
    "password",
    "passwd",
    "passphrase",
    "apikey",
    "secretkey",
    "privatekey",
    "accesskey",
    "secret",
    "token",
)
_PASS = ("pass",)
_NO_PASS = frozenset(
    {"bypass", "compass", "encompass", "trespass", "overpass", "underpass", "surpass", "askpass", "nonsecret"}
)
# secrets as the last word only: an `auth` block's settings, `cookie_behavior` and `pass_through` are none
_LAST_ONLY = frozenset({"auth", "authorization", "salt", "jwt", "pass", "bearer", "cookie", "pat", "pin", "community"})
_KEY_WORDS = """
    access account admin api app application auth client deploy encryption function host instrumentation
    integration license licence master pem preshared primary private pre routing secondary secret server service
    session shared signing ssl storage subscription tls webhook hmac aes decryption consumer
"""
_KEYS = frozenset(_KEY_WORDS.split())
_PHRASES = frozenset(
    tuple(phrase.split())
    for phrase in (
        *("connection string", "kube config", "webhook url", "webhook uri", "shared access signature", "private pem"),
        *("access code", "pin code", "recovery code", "backup code", "security code", "activation code", "auth code"),
        *("auth string", "authentication string", "pass phrase", "pass word", "pass code", "pass key", "seed phrase"),
        *("verification code", "unlock code", "community string", "recovery key", "unseal key", "root key"),
    )
)
_HARMLESS_WORDS = """
    account algorithm arn audience backend base64encoded behavior bucket byte char cidr class complexity count
    created date day description domain duration enabled encoding endpoint expiration expire expired expires expiry
    field file format generation grace header history host hour id interval issuer kind last length level lifetime
    limit location manager method min max minute mode attempt name namespace number optional path period permission
    policy port prefix prevention property provider ref reference region required requirement reset resource
    retention role rotation rule scope second selector setting size source spec state status store strategy suffix
    support template threshold through ttl type unit update updated usage user username validity version versioned
    window year
"""
_HARMLESS = frozenset(_HARMLESS_WORDS.split())
_ADDRESSES = frozenset({"url", "uri", "endpoint"})
_IDENTIFIED = frozenset({"secret", "token"})  # a Vault secret_id opens doors, an access_key_id does not
_MEASURES = frozenset({"max", "min", "num", "count", "number", "total"})
# what settings of authentication are named after as well: `authorization = "AWS_IAM"`
_AUTHENTICATION = frozenset({"auth", "authorization", "cookie"})
# what counts and limits are named after as well: `pass=3`, `access_token = 60`
_CREDENTIALS = frozenset({"bearer", "jwt", "key", "pass", "pin", "salt", "token"})
# by their words no more than likely: a message's route or an alarm's key, a Kubernetes object or what is in it
_AMBIGUOUS = frozenset(
    tuple(phrase.split())
    for phrase in ("routing key", "tls secret", "existing secret", "pull secret", "secret key name", "host key")
)
_SERVICE_WORDS = """
    adafruit adobe airtable algolia alibaba anthropic artifactory asana atlassian beamer bitbucket bittrex circleci
    cloudflare codecov cohere coinbase confluence confluent contentful datadog digitalocean discord dnkey droneci
    dropbox dynatrace etsy facebook fastly finicity finnhub flickr freshbooks gitter gocardless grafana heroku
    honeycomb hubspot intercom jfrog jira kraken kucoin launchdarkly linear linkedin lob logdna logzio mailchimp
    mailgun mapbox mattermost meraki messagebird netlify newrelic nytimes okta openai opsgenie pagerduty papertrail
    plaid privateai rapidapi rollbar sematext sendbird sendgrid sendinblue sentry shopify snyk sonar sonarqube
    squarespace statuspage stripe sumo sumologic telegram travis twilio twitch twitter typeform yandex zendesk
"""
_SERVICES = frozenset(word.removesuffix("s") for word in _SERVICE_WORDS.split())
_SERVICE_PHRASES = frozenset({("new", "relic"), ("linked", "in"), ("message", "bird"), ("private", "ai")})
# what is said of a service beside its key: a release is 40 hex digits, too
_SAID_OF_SERVICES = _HARMLESS | frozenset(
    [
        "build",
        "checksum",
        "commit",
        "digest",
        "hash",
        "image",
        "release",
        "revision",
        "sha",
        "sha256",
        "tag",
        "url",
        "uri",
        "public",
        "pub",
        "site",
        "server",
        "instance",
        "tenant",
        "org",
        "organization",
        "team",
        "project",
        "environment",
        "env",
        "channel",
        "integration",
        "dashboard",
        "zone",
    ]
)
# `cookies { forward = "all" }` is a setting, a cookie is a secret
_NO_PLURALS = frozenset({"sas", "pass", "alias", "access", "address", "tls", "dns", "aws", "kms", "cookies", "expires"})


class Sensitivity(IntEnum):
    """The sensitivity of a name's value."""

    HARMLESS = 0
    AMBIGUOUS = 1  # a secret if it looks random
    SECRET = 2
    CREDENTIAL = 3  # a key or token itself: a number may be a limit or a count, but no word is a mode of it
    PASSWORD = 4  # a secret, however plain it looks: a word or a number
    CHOSEN = 5  # by the user: nothing of it is shown


class NameRules:
    """Decides by name, or by name and value, whether a value is hidden.

    Args:
        extra: additional globs, matched against the whole name in any case.
    """

    def __init__(self, extra: tuple[str, ...] = ()) -> None:
        self._known: dict[str, Sensitivity] = {}
        globs = "|".join(translate(glob.lower()) for glob in extra)
        self._extra = re.compile(globs) if globs else None

    def is_sensitive(self, name: str) -> bool:
        """Return whether any value under this name is a secret."""
        return self.sensitivity(name) >= Sensitivity.SECRET

    def sensitivity(self, name: str) -> Sensitivity:
        """Return the sensitivity of a name."""
        known = self._known.get(name)
        if known is None:
            known = self._decide(name)
            if len(name) <= _LONGEST_NAME:
                self._known[name] = known
        return known

    def hides(self, name: str, value: Any) -> bool:
        """Return whether a value under this name is hidden: plain Python of a JSON value, of any depth."""
        level = self.sensitivity(name)
        return level > Sensitivity.HARMLESS and not shows(level, value, counts=name.endswith(("s", "S")))

    def _decide(self, name: str) -> Sensitivity:
        if len(name) > _LONGEST_NAME:
            return Sensitivity.HARMLESS
        if self._extra is not None and self._extra.match(name.lower()) is not None:
            return Sensitivity.CHOSEN
        return _sensitivity(name)


def shows(level: Sensitivity, value: Any, *, counts: bool = False) -> bool:
    """Return whether a value may be shown under a name of this sensitivity.

    Args:
        level: what the name says.
        value: plain Python of a JSON value.
        counts: the name is a plural, of which a number shows how many.
    """
    if harmless_values.is_open(value) or level == Sensitivity.HARMLESS:
        return True
    if level == Sensitivity.CHOSEN:
        return False
    if level == Sensitivity.AMBIGUOUS:
        return not harmless_values.any_random(value)
    plain, modes = level == Sensitivity.PASSWORD, level == Sensitivity.SECRET
    return harmless_values.is_fact(value, plain=plain, modes=modes, counts=counts)


def is_secret_name(name: str) -> bool:
    """Return whether a name is sensitive by the built-in rules."""
    return _sensitivity(name) >= Sensitivity.SECRET


def _sensitivity(name: str) -> Sensitivity:
    words = [_singular(word.lower()) for word in _WORD.findall(name)]
    end = _end_of_secret(words)
    return _by_rest(words, end, words[end:]) if end else _by_service(words)


def _by_rest(words: list[str], end: int, rest: list[str]) -> Sensitivity:
    """Decide by what stands behind the words that mean a secret."""
    if rest == ["id"]:
        return Sensitivity.SECRET if words[end - 1] in _IDENTIFIED else Sensitivity.HARMLESS
    if words[0] in _MEASURES or (rest and rest[-1] in _HARMLESS):
        return Sensitivity.HARMLESS
    is_address = bool(rest) and rest[-1] in _ADDRESSES and words[end - 1] != "sas"
    if is_address or (not rest and tuple(words[end - 2 : end]) in _AMBIGUOUS):
        return Sensitivity.AMBIGUOUS
    is_qualified = not all(word.isdigit() for word in rest)
    if is_qualified or words[end - 1] in _AUTHENTICATION:
        return Sensitivity.SECRET
    return Sensitivity.CREDENTIAL if words[end - 1] in _CREDENTIALS else Sensitivity.PASSWORD


def _end_of_secret(words: list[str]) -> int:
    """Return the place behind the last words that mean a secret, 0 where none do."""
    for end in range(len(words), 0, -1):
        word = words[end - 1]
        if tuple(words[end - 2 : end]) in _PHRASES or tuple(words[end - 3 : end]) in _PHRASES:
            return end
        if word in _LAST_ONLY:
            if end == len(words) or (end == len(words) - 1 and words[end].isdigit()):
                return end
            continue
        if word in _SECRET or word.endswith(_SECRET_ENDINGS) or (word.endswith(_PASS) and word not in _NO_PASS):
            return end
        if word == "key" and end > 1 and words[end - 2] in _KEYS:
            return end
        if word == "pw" and "user" in words:
            return end
    return 0


def _by_service(words: list[str]) -> Sensitivity:
    named = any(word.removesuffix("s") in _SERVICES for word in words) or any(
        pair in _SERVICE_PHRASES for pair in pairwise(words)
    )
    return Sensitivity.AMBIGUOUS if named and words[-1] not in _SAID_OF_SERVICES else Sensitivity.HARMLESS


def _singular(word: str) -> str:
    if word in _NO_PLURALS or word.endswith("ss"):
        return word
    if word.endswith("ies"):
        return f"{word[:-3]}y"
    return word.removesuffix("s")
