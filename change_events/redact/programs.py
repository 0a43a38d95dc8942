"""Short options that hold a secret, by program: names say nothing of ``-p``, which is a port to many.

Sources: the programs' own manuals (mysql(1), sshpass(1), curl(1), redis-cli --help, docker-login(1), ldapsearch(1),
smbclient(1), mongosh --help, sqlcmd -?, ipmitool(1), zip(1), cqlsh --help, snmpcmd(1), lftp(1), http(1), 7z -h,
mosquitto_pub(1), useradd(8), cypher-shell --help, az login --help, cf help login, oc login -h).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from change_events.redact.spans import MARK
from change_events.text.lazy_pattern import lazy_pattern

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


_LONGEST = 10_000  # characters of an argument that are looked at; far fewer are shown
_DEPTH = 5  # texts inside texts


class _Secret(NamedTuple):
    """An option of one letter that holds a secret.

    Attributes:
        option: the letter.
        attached: only ``-pVALUE`` gives it; ``-p VALUE`` is something else.
        after: what parts the name from the secret in the value, such as ``:`` in ``USER:PASSWORD``.
        command: the subcommand that it belongs to.
        flags: letters that may stand before it in one word, as in ``-sSu``.
        wraps: what follows the options is a command of its own.
    """

    option: str
    attached: bool = False
    after: str = ""
    command: str = ""
    flags: str = ""
    wraps: bool = False


_LDAP = (_Secret("w", flags="cnvxALMPZ"),)
_PROGRAMS: dict[str, tuple[_Secret, ...]] = {
    **dict.fromkeys(
        (
            *("mysql", "mysqladmin", "mysqlbinlog", "mysqlcheck", "mysqldump", "mysqlimport", "mysqlpump", "mysqlshow"),
            *("mariadb", "mariadb-admin", "mariadb-backup", "mariadb-check", "mariadb-dump", "mariadb-import"),
        ),
        (_Secret("p", attached=True, flags="ABNCEfnqrstv"),),
    ),
    **dict.fromkeys(
        ("buildah", "docker", "helm", "nerdctl", "oras", "podman", "skopeo"), (_Secret("p", command="login"),)
    ),
    **dict.fromkeys(
        (
            *("cqlsh", "mongo", "mongosh"),
            *("mongodump", "mongoexport", "mongofiles", "mongoimport", "mongorestore", "mongostat"),
        ),
        (_Secret("p"),),
    ),
    **dict.fromkeys(("az", "cf", "crane", "ibmcloud", "oc", "regctl"), (_Secret("p", command="login"),)),
    **dict.fromkeys(
        ("beeline", "cbq", "couchbase-cli", "cypher-shell", "nxc", "netexec", "rabbitmqadmin", "smbmap", "usermod"),
        (_Secret("p"),),
    ),
    "useradd": (_Secret("p", flags="lmMnNorU"),),
    "influx": (_Secret("p", command="setup"), _Secret("t")),
    **dict.fromkeys(("7z", "7za", "7zr", "7zz"), (_Secret("p", attached=True),)),
    **dict.fromkeys(("rar", "unrar"), (_Secret("p", attached=True), _Secret("hp", attached=True))),
    **dict.fromkeys(
        ("snmpbulkwalk", "snmpget", "snmpgetnext", "snmpset", "snmptrap", "snmpwalk"),
        (_Secret("c"), _Secret("A"), _Secret("X")),
    ),
    **dict.fromkeys(("mosquitto_pub", "mosquitto_sub", "mosquitto_rr"), (_Secret("P"),)),
    **dict.fromkeys(("http", "https", "xh"), (_Secret("a", after=":"),)),
    **dict.fromkeys(("lftp", "ncftp"), (_Secret("u", after=","),)),
    "ab": (_Secret("A", after=":"), _Secret("P", after=":")),
    "vsql": (_Secret("w"),),
    "sshpass": (_Secret("p", flags="v", wraps=True),),
    **dict.fromkeys(("bcp", "freebcp", "ipmitool", "isql", "osql", "sqlcmd", "sqlcmd.exe", "tsql"), (_Secret("P"),)),
    **dict.fromkeys(("unzip", "zip"), (_Secret("P", flags="0123456789ejloqru"),)),
    **dict.fromkeys(("ldapadd", "ldapdelete", "ldapmodify", "ldapsearch", "ldapwhoami"), _LDAP),
    "ldappasswd": (*_LDAP, _Secret("a", flags="cnvxZ"), _Secret("s", flags="cnvxZ")),
    **dict.fromkeys(("redis-cli", "valkey-cli"), (_Secret("a"),)),
    **dict.fromkeys(("net", "rpcclient", "smbclient", "smbget", "winexe", "wmic"), (_Secret("U", after="%"),)),
    "curl": (
        *(_Secret("u", after=":", flags="0fgiIkLsSv"), _Secret("U", after=":", flags="0fgiIkLsSv")),
        _Secret("E", after=":"),
    ),
}
PROGRAMS = frozenset(_PROGRAMS)
_WRAPPERS = frozenset(
    (
        *("sudo", "doas", "su", "env", "exec", "nohup", "time", "nice", "ionice", "timeout", "xargs", "ssh", "watch"),
        *("command", "setsid", "stdbuf", "chroot", "unshare", "nsenter", "then", "do", "else", "if", "while", "until"),
        *("!", "{", "eval", "-c", "-exec"),
    )
)
# A word as a shell takes it, what parts commands, or a quote that is not closed.
_TOKEN = lazy_pattern(
    r"(?P<word>(?:'[^']*'|\"(?:\\.|[^\"\\])*\"|\\.|[^\s;|&()<>`'\"\\])+)|(?P<parts>[;|&()`\n]+)|['\"\\<>]", re.DOTALL
)
_ASSIGNMENT = lazy_pattern(r"\w+\+?=")
_QUOTED = lazy_pattern(r"'[^']*'|\"(?:\\.|[^\"\\])*\"", re.DOTALL)


_PORTS = lazy_pattern(r"(?:[\d.]+:)?\d{1,5}(?:-\d{1,5})?:\d{1,5}(?:-\d{1,5})?(?:/\w{3,4})?")
# in prose, what stands before a command: "running docker login", "+ docker login", "(local-exec): docker login"
_INTRODUCTIONS = frozenset(
    [
        "a",
        "an",
        "and",
        "after",
        "also",
        "are",
        "as",
        "before",
        "but",
        "by",
        "call",
        "called",
        "calling",
        "can",
        "cannot",
        "command",
        "could",
        "did",
        "do",
        "does",
        "during",
        "each",
        "exec",
        "executed",
        "executes",
        "executing",
        "execute",
        "failed",
        "for",
        "from",
        "had",
        "has",
        "have",
        "if",
        "in",
        "is",
        "it",
        "its",
        "like",
        "line",
        "my",
        "now",
        "of",
        "on",
        "or",
        "our",
        "please",
        "ran",
        "run",
        "running",
        "runs",
        "script",
        "shell",
        "should",
        "start",
        "starting",
        "that",
        "the",
        "then",
        "this",
        "to",
        "try",
        "trying",
        "typed",
        "use",
        "used",
        "uses",
        "using",
        "via",
        "want",
        "was",
        "we",
        "were",
        "what",
        "when",
        "where",
        "which",
        "while",
        "will",
        "with",
        "would",
        "you",
        "your",
    ]
)
_INTRODUCING_ENDS = tuple(":],>)$#%+=.!?")


class Reader:
    """Goes through the words of one command and says of each how much of it may be shown.

    Args:
        prose: the words are those of a text, in which a command can begin behind other words.
    """

    def __init__(self, *, prose: bool = False) -> None:
        self._known: tuple[_Secret, ...] = ()
        self._pending: _Secret | None = None
        self._words: set[str] = set()
        self._is_command = True  # the next word can be a program
        self._wrapped = False  # and so can any that follows
        self._in_container = False  # and so can any that follows, but for values of options
        self._last = ""
        self._prose = prose

    def kept(self, word: str) -> int | None:
        """How many characters of the word stand before the secret that ends it; None where it holds no secret."""
        last, self._last = self._last, word
        if self._pending:
            pending, self._pending = self._pending, None
            return _before_secret(word, pending)
        name = word.strip("[](){},").rpartition("/")[2] if self._prose else word.rpartition("/")[2]
        inside = self._in_container and not last.startswith("-")
        program = _PROGRAMS.get(name) if self._is_command or self._wrapped or inside else None
        if program is not None:
            self._known, self._words, self._is_command = program, set(), False
            self._wrapped = self._in_container = False
            return None
        if word == "--":
            self._known, self._is_command = (), True
        elif self._prose:
            self._is_command = self._introduces(word)
        elif self._is_command and not _ASSIGNMENT.match(word):
            self._is_command = False
        self._wrapped = self._wrapped or name in _WRAPPERS
        self._in_container = self._in_container or (name == "run" and bool(self._known))
        return self._looked_at(word)

    def shown(self, word: str) -> str:
        """The word, with a mark for the secret in it."""
        kept = self.kept(word)
        return word if kept is None else word[:kept] + MARK

    def _introduces(self, word: str) -> bool:
        if word.endswith(_INTRODUCING_ENDS) or _ASSIGNMENT.match(word):
            return True
        return not self._known and word.lower() in _INTRODUCTIONS

    def _looked_at(self, word: str) -> int | None:
        for one in self._known:
            if one.command and one.command not in self._words:
                continue
            letters = word[1:].lstrip(one.flags) if word.startswith("-") else ""
            if letters.startswith(one.option):
                value = letters[len(one.option) :]
                if not value:
                    self._pending = None if one.attached else one
                    return None
                before = _before_secret(value, one)
                return None if before is None else len(word) - len(value) + before
            if one.wraps and not word.startswith("-"):
                self._known, self._wrapped = (), True
        self._words.add(word)
        return None


def without_short_secrets(argv: Sequence[str]) -> list[str]:
    """``argv``, with a mark for each secret that an option of one letter gives to a program of the table.

    The program may stand behind others (``sudo``, ``env``, ``ssh host``), and in a text that a shell will read.
    """
    reader = Reader()
    shown = [reader.shown(argument) for argument in argv]
    return [_inside(text) if text == argument else text for text, argument in zip(shown, argv, strict=True)]


def secret_arguments(values: Sequence[object]) -> Iterator[str]:
    """Yield what short options give to a program, where an array is a command: ``["redis-cli", "-a", "secret"]``."""
    words = [value for value in values if isinstance(value, str)]
    if len(words) == len(values) and any(word.rpartition("/")[2] in PROGRAMS for word in words):
        reader = Reader()
        for word in words:
            kept = reader.kept(word)
            if kept is not None:
                yield word[kept:]


def _before_secret(value: str, secret: _Secret) -> int | None:
    if _PORTS.fullmatch(value):
        return None  # `-p 8080:80`, `-u 1000:1000`
    if not secret.after:
        return 0 if value else None
    name, _, rest = value.partition(secret.after)
    return len(name) + len(secret.after) if rest else None


def _inside(text: str, depth: int = 0) -> str:
    """A text that a shell may read: its words are looked at, and the text is left as it is otherwise."""
    if depth >= _DEPTH or not any(space in text for space in " \t\n"):
        return text
    reader, made, end = Reader(), [], 0
    for token in _TOKEN.finditer(text[:_LONGEST]):
        made.append(text[end : token.start()])
        end = token.end()
        if token["parts"]:
            reader = Reader()  # another command begins
        made.append(_shown(token["word"], reader, depth) if token["word"] else token[0])
    return "".join(made) + text[end:]


def _shown(raw: str, reader: Reader, depth: int) -> str:
    word = _QUOTED.sub(lambda quoted: quoted[0][1:-1], raw)
    shown = reader.shown(word)
    if shown != word:
        return shown
    return _QUOTED.sub(lambda quoted: quoted[0][0] + _inside(quoted[0][1:-1], depth + 1) + quoted[0][-1], raw)
