"""What stands in for a user's program: it posts its standard input to a URL and ends as the answer says.

``program.py URL``. The header ``x-exit`` of the answer is the exit code; else a success is 0, what may pass is 75 and a
refusal 65. The body of what is no success goes to standard error. Only what starts in a few milliseconds is imported.
"""

import os
import socket
import sys


def main(url):
    event = sys.stdin.buffer.read()
    host, _, port = url.removeprefix("http://").partition(":")
    head = f"POST / HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nConnection: close\r\n"
    answer = b""
    try:
        with socket.create_connection((host, int(port))) as connection:
            connection.sendall(f"{head}Content-Length: {len(event)}\r\n\r\n".encode() + event)
            while part := connection.recv(65536):
                answer += part
        top, _, body = answer.partition(b"\r\n\r\n")
        status = int(top.split()[1])
    except (OSError, ValueError, IndexError):
        return 75
    headers = dict(line.lower().split(": ", 1) for line in top.decode().split("\r\n")[1:])
    if status < 300:
        return 0
    sys.stderr.buffer.write(body)
    return int(headers.get("x-exit") or (75 if status == 429 or status >= 500 else 65))


if __name__ == "__main__":
    code = main(sys.argv[-1])
    sys.stderr.flush()
    os._exit(code)
