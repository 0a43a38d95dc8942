"""Short options that hold a secret, by program: names tell nothing of ``-p``, which is a port to many.

Sources: the programs' own manuals (mysql(1), sshpass(1), curl(1), redis-cli --help, docker-login(1), ldapsearch(1),
smbclient(1), mongosh --help, sqlcmd -?, ipmitool(1), zip(1), cqlsh --help).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from change_events.redact.spans import MARK

if TYPE_CHECKING:
    from collections.abc import Sequence


_LONGEST = 10_000  # characters of a text that are looked at; far fewer are shown
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
    "sshpass": (_Secret("p", flags="v", wraps=True),),
    **dict.fromkeys(("sqlcmd", "sqlcmd.exe", "bcp", "ipmitool"), (_Secret("P"),)),
    **dict.fromkeys(("unzip", "zip"), (_Secret("P", flags="0123456789ejloqru"),)),
    **dict.fromkeys(("ldapadd", "ldapdelete", "ldapmodify", "ldapsearch", "ldapwhoami"), _LDAP),
    "ldappasswd": (*_LDAP, _Secret("a", flags="cnvxZ"), _Secret("s", flags="cnvxZ")),
    **dict.fromkeys(("redis-cli", "valkey-cli"), (_Secret("a"),)),
    **dict.fromkeys(("rpcclient", "smbclient", "smbget"), (_Secret("U", after="%"),)),
    "curl": (_Secret("u", after=":", flags="0fgiIkLsSv"), _Secret("U", after=":", flags="0fgiIkLsSv")),
}
_WRAPPERS = frozenset(
    (
        *("sudo", "doas", "su", "env", "exec", "nohup", "time", "nice", "ionice", "timeout", "xargs", "ssh", "watch"),
        *("command", "setsid", "stdbuf", "chroot", "unshare", "nsenter", "then", "do", "else", "if", "while", "until"),
        *("!", "{", "eval", "-c", "-exec"),
    )
)
# A word as a shell takes it, what parts commands, or a quote that is not closed.
_TOKEN = re.compile(
    r"(?P<word>(?:'[^']*'|\"(?:\\.|[^\"\\])*\"|\\.|[^\s;|&()<>`'\"\\])+)|(?P<parts>[;|&()`\n]+)|['\"\\<>]", re.DOTALL
)
_ASSIGNMENT = re.compile(r"\w+\+?=")
_QUOTED = re.compile(r"'[^']*'|\"(?:\\.|[^\"\\])*\"", re.DOTALL)


class _Reader:
    """Goes through the words of one command and says of each how it may be shown."""

    def __init__(self) -> None:
        self._known: tuple[_Secret, ...] = ()
        self._pending: _Secret | None = None
        self._words: set[str] = set()
        self._is_command = True  # the next word can be a program
        self._wrapped = False  # and so can any that follows

    def shown(self, word: str) -> str:
        """The word, with a mark for the secret in it."""
        if self._pending:
            pending, self._pending = self._pending, None
            return _marked(word, pending)
        program = _PROGRAMS.get(word.rpartition("/")[2]) if self._is_command or self._wrapped else None
        if program is not None:
            self._known, self._words, self._is_command, self._wrapped = program, set(), False, False
            return word
        if word == "--":
            self._known, self._is_command = (), True
        elif self._is_command and not _ASSIGNMENT.match(word):
            self._is_command = False
        self._wrapped = self._wrapped or word.rpartition("/")[2] in _WRAPPERS
        return self._looked_at(word)

    def _looked_at(self, word: str) -> str:
        for one in self._known:
            if one.command and one.command not in self._words:
                continue
            letters = word[1:].lstrip(one.flags) if word.startswith("-") else ""
            if letters.startswith(one.option):
                value = letters[1:]
                if not value:
                    self._pending = None if one.attached else one
                    return word
                return word.removesuffix(value) + _marked(value, one)
            if one.wraps and not word.startswith("-"):
                self._known, self._wrapped = (), True
        self._words.add(word)
        return word


def without_short_secrets(argv: Sequence[str]) -> list[str]:
    """``argv``, with a mark for each secret that an option of one letter gives to a program of the table.

    The program may stand behind others (``sudo``, ``env``, ``ssh host``), and in a text that a shell will read.
    """
    reader = _Reader()
    shown = [reader.shown(argument) for argument in argv]
    return [_inside(text) if text == argument else text for text, argument in zip(shown, argv, strict=True)]


def _marked(value: str, secret: _Secret) -> str:
    name, parted, rest = value.partition(secret.after) if secret.after else ("", "", value)
    return f"{name}{parted}{MARK}" if rest else value


def _inside(text: str, depth: int = 0) -> str:
    """A text that a shell may read: its words are looked at, and the text is left as it is otherwise."""
    if depth >= _DEPTH or not any(space in text for space in " \t\n"):
        return text
    reader, made, end = _Reader(), [], 0
    for token in _TOKEN.finditer(text[:_LONGEST]):
        made.append(text[end : token.start()])
        end = token.end()
        if token["parts"]:
            reader = _Reader()  # another command begins
        made.append(_shown(token["word"], reader, depth) if token["word"] else token[0])
    return "".join(made) + text[end:]


def _shown(raw: str, reader: _Reader, depth: int) -> str:
    word = _QUOTED.sub(lambda quoted: quoted[0][1:-1], raw)
    shown = reader.shown(word)
    if shown != word:
        return shown
    return _QUOTED.sub(lambda quoted: quoted[0][0] + _inside(quoted[0][1:-1], depth + 1) + quoted[0][-1], raw)
