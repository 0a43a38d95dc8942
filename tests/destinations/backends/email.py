"""A mail server in front of the fake backend: what it is handed is posted there, and the answer becomes the reply.

Messages are read with the standard library's parser, which keeps to RFC 5322 and names what does not. An answer's
header ``x-reply`` is the reply; else a success is 250, what is too large 552, what may pass 451 and a refusal 554.
"""

import http.client
from email import message_from_bytes, policy
from functools import cache
from urllib.parse import urlsplit

from change_events.destinations.base import Result
from tests.destinations.kit.backend import SECRET, Answer, Backend, Documented, answer, need
from tests.support.mail_server import MailServer, ca_file

SENDER, TEAM = "tfevent@example.com", "ops@example.com"
HEADERS = {
    *("Date", "From", "To", "Subject", "Message-ID", "In-Reply-To", "References", "Auto-Submitted", "User-Agent"),
    *("X-Tfevent-Kind", "X-Tfevent-Outcome", "X-Tfevent-Severity", "MIME-Version", "Content-Type"),
}


@cache
def front() -> MailServer:
    """One for all tests of a process; the user of a session is the port of the backend behind it."""
    return MailServer(login=lambda _, password: password == SECRET, data=_posted).__enter__()


def _posted(mail):
    connection = http.client.HTTPConnection("127.0.0.1", int(mail.user))
    headers = {"content-type": "message/rfc822", "x-envelope": f"{mail.sender} {' '.join(mail.recipients)}"}
    try:
        connection.request("POST", "/", mail.data, headers)
        given = connection.getresponse()
        body = given.read().decode(errors="replace").replace("\n", " ").replace("\r", " ")[:400]
    except (OSError, http.client.HTTPException):
        return "421 4.3.0 closing"
    finally:
        connection.close()
    usual = {413: "552 5.3.4", 429: "451 4.7.1"}.get(given.status) or ("451" if given.status >= 500 else "554")
    return given.headers.get("x-reply") or ("250 OK" if given.status < 300 else f"{usual} {body}")


def accept(received):
    need(received.headers["x-envelope"] == f"{SENDER} {TEAM} lead@example.com", "envelope")
    need(len(received.body) <= 33_554_432, "too large", 413)
    need(received.body.isascii(), "8bit")
    lines = received.body.split(b"\r\n")
    need(all(len(line) <= 78 and b"\n" not in line and b"\r" not in line for line in lines), "lines")
    message = message_from_bytes(received.body, policy=policy.SMTP)
    need(not message.defects, str(message.defects))
    need(set(message.keys()) <= HEADERS, f"headers {set(message.keys()) - HEADERS}")
    need(len(message.keys()) == len(set(message.keys())), "each header once")
    need(message["Subject"] and len(message["Subject"]) <= 200, "Subject")
    need(message["Date"].datetime.tzinfo is not None, "Date")
    need([one.addr_spec for one in message["To"].addresses] == [TEAM, "lead@example.com"], "To")
    need(message["Auto-Submitted"] == "auto-generated", "Auto-Submitted")
    need(message["Message-ID"].endswith("@example.com>"), "Message-ID")
    need(message.get_content_type() == "multipart/alternative", "Content-Type")
    text, html = message.iter_parts()
    need((text.get_content_type(), html.get_content_type()) == ("text/plain", "text/html"), "parts")
    need(not text.defects and not html.defects, "defects of parts")
    need(text.get_content().strip() and "<body>" in html.get_content(), "content")
    return answer(250)


def options(url):
    parts = urlsplit(url)
    here = parts.hostname == "127.0.0.1"
    server = {"host": "localhost", "port": front().port, "ca_file": ca_file()} if here else {"host": parts.hostname}
    login = {"username": str(parts.port) if here else "tfevent", "password": SECRET}
    return {**server, **login, "from": f"tfevent <{SENDER}>", "to": [TEAM, "Lead <lead@example.com>"]}


def replied(text):
    return Answer(400, b"", {"x-reply": text})


BACKEND = Backend(
    options=options,
    accept=accept,
    variants={"": {}, "run": {"thread": "run"}},
    payloads=("controls",),
    answers=(
        Documented("taken", answer(200), Result.DELIVERED),
        Documented("too large", replied("552 5.3.4 message size exceeds fixed limit"), Result.SHRINK, "too large"),
        Documented("greylisted", replied("451 4.7.1 try later"), Result.RETRY, "451"),
        Documented("going down", replied("421 4.3.2 closing"), Result.RETRY, "421"),
        Documented("spam", replied("554 5.7.1 rejected"), Result.PARK, "refused the message (554)"),
        Documented("no login", replied("530 5.7.0 Authentication required"), Result.PARK, "requires a login"),
    ),
)
