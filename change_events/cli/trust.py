"""``tfevent events trust``: the user's consent to settings of a file in a working tree."""

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
    short_help="Allow a tfevent.yaml to use settings that need consent.",
    epilog=examples(
        "tfevent events trust",
        "tfevent events trust ../tfevent.yaml",
        "tfevent events trust --list",
        "tfevent events trust --revoke tfevent.yaml",
    ),
)
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--revoke", is_flag=True, help="Revoke consent for FILE, or for all files that apply here.")
@click.option("--list", "lists", is_flag=True, help="List trusted files and whether they have changed since.")
@click.pass_obj
def trust_command(session: Session, *, file: Path | None, revoke: bool, lists: bool) -> int:
    """Allow a tfevent.yaml in a working tree to use settings that need consent.

    These are commands, programs, files outside its folder, URLs built from variables, plain HTTP, and sending your
    secrets to URLs that the file sets. Without FILE, all files that apply here are trusted.

    Consent covers the current content, including programs in the file's folder that it names; any change requires
    consent again. In CI, TFEVENT_TRUST_SETTINGS=1 trusts all files.
    """
    session.mistakes_reported = True  # what is missing is the matter itself
    known = trusted_files.consents(state_dir())
    if lists:
        print_lines(_list(known))
        return 0
    paths = [file] if file else _here(session)
    if not paths:
        raise InputError("no tfevent.yaml found in this directory or above: expected a FILE argument")
    for path in paths:
        if revoke:
            print_lines([_revoke(path, known)])
        else:
            print_lines(_consent(path, known))
    try:
        trusted_files.keep_consents(state_dir(), known)
    except (OSError, ValueError) as error:
        raise InputError(f"cannot write the consent to {state_dir()} ({error})") from error
    return 0


def _here(session: Session) -> list[Path]:
    from change_events.settings.loading import find, is_own

    return [path for path in find(session.cwd) if not is_own(path)]


def _consent(path: Path, known: dict[str, str]) -> Iterator[str]:
    """Store consent to one file; returns what it requests, one line each. Raises InputError."""
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
