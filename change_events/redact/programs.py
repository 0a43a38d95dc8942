"""Short options that hold a secret, by program: names tell nothing of ``-p``, which is a port to many.

Sources: the programs' own manuals (mysql(1), sshpass(1), curl(1), redis-cli --help, docker-login(1), ldapsearch(1),
smbclient(1), mongosh --help, sqlcmd -?, ipmitool(1), zip(1), cqlsh --help).
"""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, NamedTuple

from change_events.redact.spans import MARK

if TYPE_CHECKING:
    from collections.abc import Sequence


_LONGEST = 10_000  # characters of a text that are looked at; far fewer are shown


class _Secret(NamedTuple):
    """An option of one letter that holds a secret.

    Attributes:
        attached: only ``-pVALUE`` gives it; ``-p VALUE`` is something else.
        after: what parts the name from the secret in the value, such as ``:`` in ``USER:PASSWORD``.
        command: the subcommand that it belongs to.
    """

    option: str
    attached: bool = False
    after: str = ""
    command: str = ""


_MYSQL = (_Secret("-p", attached=True),)
_LOGIN = (_Secret("-p", command="login"),)
_PASSWORD = (_Secret("-p"),)
_CAPITAL = (_Secret("-P"),)
_LDAP = (_Secret("-w"),)
_SAMBA = (_Secret("-U", after="%"),)
_PROGRAMS: dict[str, tuple[_Secret, ...]] = {
    **dict.fromkeys(
        (
            *("mysql", "mysqladmin", "mysqlbinlog", "mysqlcheck", "mysqldump", "mysqlimport", "mysqlpump", "mysqlshow"),
            *("mariadb", "mariadb-admin", "mariadb-backup", "mariadb-check", "mariadb-dump", "mariadb-import"),
        ),
        _MYSQL,
    ),
    **dict.fromkeys(("buildah", "docker", "helm", "nerdctl", "oras", "podman", "skopeo"), _LOGIN),
    **dict.fromkeys(
        (
            *("sshpass", "cqlsh", "mongo", "mongosh"),
            *("mongodump", "mongoexport", "mongofiles", "mongoimport", "mongorestore", "mongostat"),
        ),
        _PASSWORD,
    ),
    **dict.fromkeys(("sqlcmd", "bcp", "ipmitool", "unzip", "zip"), _CAPITAL),
    **dict.fromkeys(("ldapadd", "ldapdelete", "ldapmodify", "ldapsearch", "ldapwhoami"), _LDAP),
    "ldappasswd": (*_LDAP, _Secret("-a"), _Secret("-s")),
    **dict.fromkeys(("redis-cli", "valkey-cli"), (_Secret("-a"),)),
    **dict.fromkeys(("rpcclient", "smbclient", "smbget"), _SAMBA),
    "curl": (_Secret("-u", after=":"), _Secret("-U", after=":")),
}


def without_short_secrets(argv: Sequence[str]) -> list[str]:
    """``argv``, with a mark for each secret that an option of one letter gives to a program of the table.

    The program may stand behind others (``sudo``, ``env``, ``ssh host``), and in a text that a shell will read.
    """
    hidden: list[str] = []
    known: tuple[_Secret, ...] = ()
    pending: _Secret | None = None
    for argument in argv:
        if pending and not argument.startswith("-"):
            hidden.append(_marked(argument, pending))
            pending = None
            continue
        known = _PROGRAMS.get(argument.rpartition("/")[2], known)
        pending, shown = _looked_at(argument, [one for one in known if not one.command or one.command in hidden])
        hidden.append(_inside(shown) if " " in shown else shown)
    return hidden


def _looked_at(argument: str, known: Sequence[_Secret]) -> tuple[_Secret | None, str]:
    """The option whose value is the next argument, and this argument as it may be shown."""
    for one in known:
        if argument == one.option or _ends_a_cluster(argument, one):
            return (None if one.attached else one), argument
        if argument.startswith(one.option):
            return None, one.option + _marked(argument.removeprefix(one.option), one)
    return None, argument


def _ends_a_cluster(argument: str, one: _Secret) -> bool:
    """Whether it is several options of one letter, the secret's the last of them: ``curl -sSu``."""
    letters = argument[1:]
    return not one.attached and argument[:1] == "-" and letters.isalpha() and f"-{letters[-1]}" == one.option


def _marked(value: str, secret: _Secret) -> str:
    name, parted, rest = value.partition(secret.after) if secret.after else ("", "", value)
    return f"{name}{parted}{MARK}" if rest else value


def _inside(text: str) -> str:
    """A text that a shell reads: its words are looked at, and the text is left as it is otherwise."""
    try:
        words = shlex.split(text[:_LONGEST])
    except ValueError:  # quotes that are not closed
        words = text.split()
    for word, shown in zip(words, without_short_secrets(words), strict=True):
        if word != shown:
            alone = rf"(?<![^\s'\"]){re.escape(word)}(?![^\s'\"])"
            text, times = re.subn(alone, shown.replace("\\", r"\\"), text)
            if not times:  # quoted in a way that we do not follow
                return MARK
    return text
