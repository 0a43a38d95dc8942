"""Asks for approval with terraform's prompt.

The texts are from internal/backend/local/backend_apply.go, their layout from internal/command/ui_input.go.
"""

from __future__ import annotations

import os
import signal

from tf_wrapper.launch.output import write_all

TYPE_CHECKING = False  # not imported: typing costs 10 ms before terraform starts
if TYPE_CHECKING:
    from change_events.process import Signals

_CHUNK = 4096  # what Go's bufio takes from stdin at once: what follows the first line in it is lost there too

YES = "yes"
NO = "no"
EOF = "EOF"
INTERRUPTED = "interrupted"
STOPPED = "context canceled"
HUNG_UP = "hang-up"
_WORDS: dict[int, str] = {signal.SIGINT: INTERRUPTED, signal.SIGHUP: HUNG_UP}


def question(*, tool: str, workspace: str, destroy: bool, refresh_only: bool, invoke: bool) -> tuple[str, str]:
    """Return the question and its description.

    Args:
        tool: ``Terraform`` or ``OpenTofu``.
        workspace: named in the question unless it is ``default``.
        destroy: a destroy plan.
        refresh_only: a -refresh-only plan.
        invoke: a plan that only invokes actions (-invoke).
    """
    inside = f' in workspace "{workspace}"' if workspace != "default" else ""
    no_undo = "There is no undo. Only 'yes' will be accepted to confirm."
    if destroy:
        return (
            f"Do you really want to destroy all resources{inside}?",
            f"{tool} will destroy all your managed infrastructure, as shown above.\n{no_undo}",
        )
    if invoke:
        return (
            "Would you like to invoke the specified actions?",
            (
                f"{tool} will invoke the actions described above, and any changes will be written to the state without "
                f"modifying real infrastructure\n{no_undo}"
            ),
        )
    if refresh_only:
        state = f'the {tool} state for "{workspace}"' if workspace != "default" else f"the {tool} state"
        return (
            f"Would you like to update {state} to reflect these detected changes?",
            f"{tool} will write these changes to the state without modifying any real infrastructure.\n{no_undo}",
        )
    return (
        f"Do you want to perform these actions{inside}?",
        f"{tool} will perform the actions described above.\nOnly 'yes' will be accepted to approve.",
    )


def ask(text: tuple[str, str], *, color: bool, signals: Signals) -> str:
    """Print the question on stdout and read the answer from stdin.

    Returns:
        YES, NO, EOF (stdin ended before a newline), or, for an earlier signal, INTERRUPTED (SIGINT), STOPPED (SIGTERM)
        or HUNG_UP (SIGHUP).

    Raises:
        OutputClosedError: the reader of stdout is gone.
    """
    seen = len(signals.received)  # what comes while the question is printed answers it too
    bold, reset = ("\x1b[1m", "\x1b[0m") if color else ("", "")
    query, description = text
    lines = "".join(f"  {line}\n" for line in description.split("\n"))
    prompt = f"{reset}{bold}\n{query}{reset}\n{lines}\n  {bold}Enter a value:{reset} {reset}"
    write_all(1, prompt.encode())
    end, line = _line(signals, seen)
    if end in {INTERRUPTED, STOPPED}:
        write_all(1, b"\n")
    if end:
        return end
    write_all(1, b"\n")
    return YES if line.rstrip() == "yes" else NO


def _line(signals: Signals, seen: int) -> tuple[str, str]:
    """Return why there is no line (EOF, a signal, or nothing), and the line."""
    data = b""
    while b"\n" not in data:
        if len(signals.received) > seen:
            return _WORDS.get(signals.received[seen], STOPPED), ""
        if not _stdin_ready(signals):
            continue
        try:
            chunk = os.read(0, _CHUNK)
        except BlockingIOError:
            continue
        except OSError:
            return EOF, ""
        if not chunk:
            return EOF, ""
        data += chunk
    return "", data.split(b"\n", 1)[0].decode("utf-8", "replace")


def _stdin_ready(signals: Signals) -> bool:
    try:
        return signals.wait(3600.0, 0)
    except OSError:
        return True  # stdin cannot be waited for (it is closed): reading says what is the matter
