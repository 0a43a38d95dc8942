"""Opens a browser on a desktop, without the link in the arguments of a process."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from change_events.paths import state_dir

if TYPE_CHECKING:
    from collections.abc import Iterator

_PAGE = (
    '<!doctype html>\n<meta charset="utf-8">\n<meta http-equiv="refresh" content="0; url={}">\n<title>tfevent</title>\n'
)


def opener() -> str | None:
    """Return the command that opens a file on the desktop; None if there is apparently no desktop."""
    if not sys.stdout.isatty() or os.environ.get("CI") or os.environ.get("SSH_CONNECTION"):
        return None
    if sys.platform == "darwin":
        return shutil.which("open")
    if os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
        return shutil.which("xdg-open")
    return None


@contextmanager
def opened(command: str, link: str) -> Iterator[None]:
    """Open the link through a file of the user, since process arguments are visible to everybody.

    The file is removed at the end. The link is also printed, since a browser in a container may not be able to
    read the file.
    """
    from html import escape

    page = Path(state_dir()) / f"open-{os.getpid()}.html"
    try:
        page.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        page.unlink(missing_ok=True)
        descriptor = os.open(page, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(_PAGE.format(escape(link)))
        _start(command, page)
    except OSError:  # the link is printed as well
        pass
    try:
        yield
    finally:
        with suppress(OSError):
            page.unlink()


def _start(command: str, page: Path) -> None:
    subprocess.Popen(
        [command, page.absolute().as_uri()],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
