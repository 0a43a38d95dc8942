"""A real HTTP server on loopback: says its address in one file, and appends the JSON that it gets to another."""

from __future__ import annotations

import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

LONGEST_LIFE = 900  # seconds: no scenario takes longer, and nothing is left behind


class Handler(BaseHTTPRequestHandler):
    """Accepts everything."""

    def do_POST(self) -> None:
        """Keep the body."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        with (WORK / "received.jsonl").open("ab") as file:
            file.write(body.replace(b"\n", b" ") + b"\n")
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_DELETE(self) -> None:
        """Stop."""
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()
        threading.Thread(target=self.server.shutdown).start()


WORK = Path(sys.argv[1])
server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Timer(LONGEST_LIFE, server.shutdown).start()
(WORK / "url.new").write_text(f"http://127.0.0.1:{server.server_port}/hook")
(WORK / "url.new").chmod(0o600)
(WORK / "url.new").rename(WORK / "url")
server.serve_forever()
sys.exit(0)
