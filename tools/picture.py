"""The picture of README: a real run in a terminal, as SVG. Run by ``make picture``, which needs terraform on PATH."""

from __future__ import annotations

import io
import os
import pty
import re
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).parents[1]
PICTURE = ROOT / "docs" / "images" / "terminal.svg"
EXAMPLE = ROOT / "examples" / "demo"
COLUMNS = 104
_PROGRESS = re.compile(r"Refreshing state|Still |\(local-exec\)|complete after")  # left out: the picture stays short


def main() -> None:
    """Apply the two steps of the demo in a folder of their own, and draw the second with its event."""
    with tempfile.TemporaryDirectory() as name:
        stack = Path(name) / "shop"
        environ = {
            **{key: value for key, value in os.environ.items() if not key.startswith(("TF_", "TFEVENT_"))},
            "TFEVENT_STATE_DIR": f"{name}/state",
            "TFEVENT_ENVIRONMENT": "prod",
            "TFEVENT_SERVICE": "shop",
            "TF_VAR_db_password": "correct-horse-battery",
            "TF_CLI_CONFIG_FILE": os.devnull,
            "CHECKPOINT_DISABLE": "1",
            "TERM": "xterm-256color",
            "COLUMNS": str(COLUMNS),
            "USER": "alice",
            "LOGNAME": "alice",
        }
        shutil.copytree(EXAMPLE / "first", stack)
        for words in (["init"], ["apply", "-auto-approve"]):
            subprocess.run(
                [sys.executable, "-m", "tf_wrapper", *words], cwd=stack, env=environ, capture_output=True, check=True
            )
        shutil.copytree(EXAMPLE / "second", stack, dirs_exist_ok=True)
        lines = [
            *_prompt("tfevent apply -auto-approve"),
            *_end_of_apply(_shown(["apply", "-auto-approve"], stack, environ)),
            "",
            *_prompt("tfevent events show last"),
            *_shown(["events", "show", "last"], stack, environ)[:28],
        ]
        text = "\n".join(lines).replace(name, "/srv/infra").replace(socket.gethostname(), "build-7")
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    console.print(Text.from_ansi(text), soft_wrap=False)
    PICTURE.parent.mkdir(exist_ok=True)
    console.save_svg(str(PICTURE), title="tfevent", unique_id="tfevent")


def _prompt(command: str) -> list[str]:
    return [f"\033[1m$ {command}\033[0m"]


def _shown(words: list[str], cwd: Path, environ: dict[str, str]) -> list[str]:
    """What a command prints on a terminal, line by line, colours included."""
    reader, writer = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "tf_wrapper", *words], cwd=cwd, env=environ, stdin=writer, stdout=writer, stderr=writer
    ):
        os.close(writer)
        chunks = []
        while chunk := _read(reader):
            chunks.append(chunk)
    os.close(reader)
    return b"".join(chunks).decode("utf-8", "replace").replace("\r\n", "\n").rstrip("\n").split("\n")


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 65_536)
    except OSError:  # EIO: the other end of a pseudo-terminal is closed
        return b""


def _end_of_apply(lines: list[str]) -> list[str]:
    """From the summary of the plan on, without lines of progress."""
    first = next((number for number, line in enumerate(lines) if "Plan:" in line), 0)
    return ["…", *(line for line in lines[first:] if not _PROGRESS.search(line))]


if __name__ == "__main__":
    main()
