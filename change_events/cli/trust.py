"""``tfevent events trust``: the user's consent to what a settings file of a working tree asks for."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from change_events.cli.help_examples import examples
from change_events.cli.render.terminal import print_lines
from change_events.errors import InputError
from change_events.files import trusted_files
from change_events.paths import state_dir

if TYPE_CHECKING:
    from collections.abc import Iterator

    from change_events.cli.session import Session


@click.command(
    "trust",
    epilog=examples(
        "tfevent events trust",
        "tfevent events trust ../tfevent.yaml",
        "tfevent events trust --list",
        "tfevent events trust --revoke tfevent.yaml",
    ),
)
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--revoke", is_flag=True, help="Take consent back: of FILE, else of the files that apply here.")
@click.option("--list", "lists", is_flag=True, help="Print the files that are trusted, and those that have changed.")
@click.pass_obj
def trust_command(session: Session, *, file: Path | None, revoke: bool, lists: bool) -> int:
    """Let a tfevent.yaml of a working tree use what needs your consent.

    Commands, programs, files outside of its folder, addresses made of variables, plain http, and secrets of yours for
    addresses of the file's choice are not used before. Without FILE, consent is given to all files that apply here.

    Consent holds for the content as it is now, and for the programs in the file's folder that it names; when one of
    them changes, it is asked for again. In CI, TFEVENT_TRUST_SETTINGS=1 consents to everything.
    """
    session.mistakes_told = True  # what is missing is the matter itself
    known = trusted_files.consents(state_dir())
    if lists:
        print_lines(_list(known))
        return 0
    paths = [file] if file else _here(session)
    if not paths:
        raise InputError("there is no tfevent.yaml here or above: name the file")
    for path in paths:
        if revoke:
            print_lines([_revoke(path, known)])
        else:
            print_lines(_consent(path, known))
    try:
        trusted_files.keep_consents(state_dir(), known)
    except (OSError, ValueError) as error:
        raise InputError(f"{state_dir()}: consent cannot be written there ({error})") from error
    return 0


def _here(session: Session) -> list[Path]:
    from change_events.settings.loading import find, is_own

    return [path for path in find(session.cwd) if not is_own(path)]


def _consent(path: Path, known: dict[str, str]) -> Iterator[str]:
    """Note consent to one file; what it asks for, a line each. Raises InputError."""
    from change_events.settings.loading import asks

    try:
        data = trusted_files.read(str(path), os.environ)
    except trusted_files.UntrustedError as error:
        raise InputError(f"{path}: {error}") from error
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from error
    real = os.path.realpath(path)
    asked = asks(Path(real), data, os.environ)
    known[real] = trusted_files.digest(real, data)
    for program in asked.programs:
        known[program] = trusted_files.digest(program)
    yield f"{real}: trusted as it is now" + ("; it asks for" if asked.asks else "; it asks for nothing that needs it")
    yield from (f"  {ask}" for ask in asked.asks)
    yield from (f"  with {program}" for program in asked.programs)


def _revoke(path: Path, known: dict[str, str]) -> str:
    real = os.path.realpath(path)
    folder = Path(real).parent
    for name in [name for name in known if name == real or (folder in Path(name).parents and not _is_settings(name))]:
        del known[name]
    return f"{real}: no longer trusted"


def _is_settings(name: str) -> bool:
    return Path(name).name == trusted_files.NAME


def _list(known: dict[str, str]) -> Iterator[str]:
    for path, digest in sorted(known.items()):
        try:
            changed = trusted_files.digest(path) != digest
        except OSError:
            yield f"{path}  (gone)"
        else:
            yield f"{path}  (changed: not trusted)" if changed else path
    if not known:
        yield "no file is trusted"
