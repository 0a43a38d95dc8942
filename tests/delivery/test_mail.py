"""The destination `email` against a real SMTP server: TLS, login, refusals, limits, threads, and what an event says."""

from __future__ import annotations

import re
import socket
import threading
import time
from contextlib import contextmanager, suppress
from email import message_from_bytes, policy
from html.parser import HTMLParser

import pytest

from change_events.delivery import deliver, probe
from change_events.delivery.sender import Effort, send_event
from change_events.delivery.transport import open_transport
from change_events.destinations import get
from change_events.destinations.base import DestinationSettings, OptionError, Result
from change_events.destinations.shared.preview import preview
from change_events.redact import Redactor
from change_events.text.markdown import one_line
from tests.delivery.test_delivery_faults import PLENTY, settle
from tests.destinations.kit.events import event, run
from tests.support.mail_server import MailServer
from tests.support.speed import at_most, limit

EMAIL = get("email")
PASSWORD = "pässword-0123456789"
PLACE = {"host": "mail.example.com", "from": "tfevent@example.com", "to": "ops@example.com"}


def main(server, **more):
    return DestinationSettings("main", "email", server.options(**more))


def at(port):
    return DestinationSettings("main", "email", PLACE | {"host": "localhost", "port": port})


def sent(settings, *events, seconds=PLENTY):
    """The verdict on the last of several events that go over one connection."""
    with open_transport(settings) as transport:
        for one in events or (event("updated"),):
            verdict = send_event(settings, transport, one, Effort(time.monotonic() + seconds, attempts=1))
    return verdict


def read(data):
    found = message_from_bytes(data, policy=policy.SMTP)
    assert not found.defects
    return found


# -- the connection ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("security", ["starttls", "tls", "none"])
def test_each_kind_of_connection_and_one_for_several_messages(security):
    with MailServer(security) as server:
        settings = main(server, security=security, host="127.0.0.1" if security == "none" else "localhost")
        assert sent(settings, event("tiny"), event("updated"), event("huge")).result is Result.DELIVERED
        assert [one.secure for one in server.received] == [security != "none"] * 3
        assert len({one.session for one in server.received}) == 1


@pytest.mark.parametrize(
    ("offers", "wants", "says"),
    [
        ("none", "starttls", "offers no STARTTLS"),
        ("none", "tls", "TLS handshake failed"),
        ("starttls", "tls", "TLS handshake failed"),
    ],
)
def test_nothing_is_sent_without_the_tls_that_was_asked_for(offers, wants, says):
    with MailServer(offers) as server:
        verdict = sent(main(server, security=wants), event("tiny"), event("tiny"))
        assert (verdict.result, server.received) == (Result.RETRY, [])
        assert says in verdict.reason
        assert not [one for one in server.commands if one.startswith("MAIL")]


def test_a_refused_starttls_leaves_no_open_connection_to_send_on():
    def talk(connection):
        connection.sendall(b"220 x ESMTP\r\n")
        for line in connection.makefile("rb"):
            seen.append(line)
            known = {b"ehlo": b"250-x\r\n250 STARTTLS\r\n", b"star": b"454 no TLS now\r\n"}
            connection.sendall(known.get(line[:4].lower(), b"250 ok\r\n"))

    seen: list[bytes] = []
    with scripted(talk) as port:
        verdict = sent(at(port), *[event("tiny")] * 2)
    assert "refused STARTTLS (454)" in verdict.reason
    assert not [line for line in seen if line[:4].upper() in {b"MAIL", b"RSET", b"AUTH"}]


def test_certificates_are_checked():
    with MailServer() as server:
        assert "certificate is not trusted" in sent(main(server, ca_file=None)).reason
    with MailServer(certificate="other.example") as server:
        assert "certificate is not trusted" in sent(main(server)).reason
        assert server.received == []


@contextmanager
def scripted(talk):
    """A server of one's own making; ``talk`` gets each connection."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve():
            while True:
                try:
                    connection = listener.accept()[0]
                except OSError:
                    return
                threading.Thread(target=guarded, args=(connection,), daemon=True).start()

        def guarded(connection):
            with connection, suppress(OSError):
                talk(connection)

        threading.Thread(target=serve, daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)


def drip(connection):
    connection.sendall(b"220-")
    while True:
        connection.sendall(b"x")
        time.sleep(0.02)


def silent(connection):
    connection.recv(1)


def foreign(connection):
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


def closing(connection):
    connection.sendall(b"220 x\r\n")
    connection.recv(9)


def busy(connection):
    connection.sendall(b"421 4.3.2 too many connections\r\n")
    connection.recv(1)


@pytest.mark.parametrize(
    ("talk", "says"),
    [
        (drip, "did not answer in time"),
        (silent, "did not answer in time"),
        (foreign, "not SMTP|closed the connection|refused|transient"),
        (closing, "closed the connection|connection failed"),
        (busy, "transient error (421)"),
    ],
)
def test_what_is_no_server_of_mail_is_waited_for_no_longer_than_allowed(talk, says):
    with scripted(talk) as port, at_most(3):
        verdict = sent(at(port), seconds=limit(1))
    assert verdict.result is not Result.DELIVERED
    assert any(part in verdict.reason for part in says.split("|")), verdict.reason


def test_nobody_there_and_no_such_host():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    there = PLACE | {"host": "127.0.0.1", "port": port}
    assert "connection refused" in sent(DestinationSettings("main", "email", there)).reason
    assert "resolved" in sent(DestinationSettings("main", "email", PLACE | {"host": "none.invalid"})).reason


# -- login -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("without", [(), ("LOGIN",), ("PLAIN",)])
def test_a_login_in_utf_8_with_what_the_server_offers(without):
    with MailServer(password=PASSWORD, without=without) as server:
        assert sent(main(server, username="zoë", password=PASSWORD)).result is Result.DELIVERED
        assert [one.user for one in server.received] == ["zoë"]


def test_a_refused_login_parks_and_shows_no_password(journal):
    settle(journal, 1, 2)
    with MailServer(password=PASSWORD) as server:
        report = deliver(journal, [main(server, username="u", password=PASSWORD + "x")], budget=PLENTY)
        assert (report.sent, report.waiting, report.parked) == (0, 0, 2)
        assert "does not accept user and password (535)" in report.problems[0]
        assert PASSWORD not in str(report)
    with MailServer(password=PASSWORD) as server:
        assert "requires a login (530)" in sent(main(server)).reason
    with MailServer(without=("PLAIN", "LOGIN")) as server:
        assert "offers no login" in sent(main(server, username="u", password=PASSWORD)).reason


def test_no_password_is_in_any_text():
    request = EMAIL.render(event("tiny"), PLACE | {"username": "u", "password": PASSWORD})
    quoted = " ".join(request.secrets)
    for text in (repr(request), preview(request), request.clean(quoted, 10**6)):
        assert not [secret for secret in request.secrets if secret in text]


# -- recipients, refusals, sizes ---------------------------------------------------------------------------------------

ALL = ["a@example.com", "b@example.com", "c@example.com"]


@pytest.mark.parametrize(
    ("replies", "result", "says"),
    [
        (
            {"b": "550 5.1.1 no such user"},
            Result.DELIVERED,
            "1 of 3 recipients refused; it says: b@example.com: 550 5.1.1 no",
        ),
        ({"b": "450 4.2.0 greylisted"}, Result.DELIVERED, "1 of 3 recipients refused"),
        ({"a": "550 no", "b": "550 no", "c": "550 no"}, Result.PARK, "refused all recipients (550)"),
        ({"a": "550 no", "b": "450 later", "c": "550 no"}, Result.RETRY, "transient error (450)"),
        ({"a": "552 full", "b": "552 full", "c": "552 full"}, Result.RETRY, "transient error (552)"),
    ],
)
def test_refused_recipients_keep_it_from_no_others(replies, result, says):
    with MailServer(rcpt=lambda address: replies.get(address[0])) as server:
        verdict = sent(main(server, to=ALL))
        assert verdict.result is result
        assert says in verdict.reason
        left = [address for address in ALL if address[0] not in replies]
        assert [list(one.recipients) for one in server.received] == ([left] if left else [])


def test_a_refused_sender_and_a_message_after_it():
    replies = iter(["553 5.1.8 not yours", None])
    with MailServer(mail=lambda _: next(replies)) as server:
        settings = main(server)
        with open_transport(settings) as transport:
            effort = Effort(time.monotonic() + PLENTY, attempts=1)
            verdicts = [send_event(settings, transport, event("tiny"), effort) for _ in range(2)]
        assert "refused the sender (553); correct `from`" in verdicts[0].reason
        assert (verdicts[1].result, len(server.received)) == (Result.DELIVERED, 1)


@pytest.mark.parametrize(("size", "taken"), [(6000, True), (900, False), (None, True)])
def test_the_size_that_the_server_announces_is_kept(size, taken):
    with MailServer(size=size) as server:
        verdict = sent(main(server), event("huge"))
        assert (verdict.result is Result.DELIVERED) == taken, verdict.reason
        assert [len(one.data) <= (size or 10**9) for one in server.received] == [True] * taken
    if not taken:
        assert verdict.result is Result.PARK


def test_what_a_server_says_is_shown_and_4xx_is_tried_again(journal):
    settle(journal, 1)
    replies = iter(["451 4.7.1 greylisted", None])
    with MailServer(data=lambda _: next(replies)) as server:
        assert deliver(journal, [main(server)], budget=PLENTY).sent == 1
        assert len(server.received) == 1


# -- the message -------------------------------------------------------------------------------------------------------


def test_the_end_answers_the_start_and_a_stack_is_one_thread():
    with MailServer() as server:
        settings = main(server)
        start = sent(settings, event("started"))
        with open_transport(settings) as transport:
            send_event(settings, transport, event("updated"), Effort(time.monotonic() + PLENTY), start.handle)
        sent(settings, event("updated"))
        first, second, third = (read(one.data) for one in server.received)
    assert start.handle == first["Message-ID"]
    assert second["In-Reply-To"] == first["Message-ID"]
    root = first["References"]
    assert second["References"] == f"{root} {first['Message-ID']}"
    assert (third["References"], third["In-Reply-To"]) == (root, None)
    assert third["Message-ID"] == second["Message-ID"], "a repetition is the same message"
    alone = EMAIL.render(event("updated"), PLACE | {"thread": "run"})
    assert read(alone.body)["References"] is None


class Tags(HTMLParser):
    """Elements and targets of links in a page."""

    def __init__(self, page):
        super().__init__()
        self.names: set[str] = set()
        self.targets: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.names.add(tag)
        self.targets += [value for name, value in attrs if name in {"href", "src"}]


HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=https://evil.example/x.png>",
    '"><a href="https://evil.example">click</a>',
    "[click](https://evil.example) ![x](https://evil.example/x.png)",
    "a\r\nBcc: evil@example.com\r\n\r\nbody",
    "=?utf-8?q?Subject_of_another?=",
    ".\r\n.\r\nMAIL FROM:<evil@example.com>",
    "--=_boundary--",
    "\u202egnp.exe \u0000 x",
    "\u670d\u52a1 \U0001f469\u200d\U0001f4bb " * 30,
    "x" * 5000,
    "&lt;b&gt; &amp; <b>",
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_what_an_event_says_stays_text(text):
    made = Redactor().seal(run(7, title=text, message=text, explicit=True, environment=text[:60], service="s"))
    with MailServer() as server:
        assert sent(main(server), made).result is Result.DELIVERED
        (one,) = server.received
    assert one.recipients == ("ops@example.com",)
    found = read(one.data)
    assert found["Bcc"] is None
    assert found["Subject"].split() == one_line(made.event.title, 150).split()
    assert len(found["Subject"]) <= 160
    assert all(len(line) <= 78 for line in one.data.split(b"\r\n"))
    plain, html = (part.get_content() for part in found.iter_parts())
    page = Tags(html)
    assert page.names <= {"html", "body", "div", "h2", "p", "pre", "ul", "li", "a", "small"}
    assert not [target for target in page.targets if "evil" in target]
    assert "\r" not in plain.replace("\r\n", "")


def test_a_dot_at_the_beginning_of_a_line_arrives():
    made = Redactor().seal(run(7, title="t", message="one\n.\n..two\nFrom here", explicit=True))
    with MailServer() as server:
        assert sent(main(server), made).result is Result.DELIVERED
        plain = next(read(server.received[0].data).iter_parts()).get_content()
    assert "one\n.\n..two\nFrom here" in plain.replace("\r\n", "\n")


def test_names_of_recipients_and_domains_beyond_ascii():
    given = {
        "to": ['Zoë "Ops" <zoe@exämple.com>', "a@example.com, Team <b@example.com>"],
        "from": "Änderungen <t@example.com>",
    }
    request = EMAIL.render(event("tiny"), PLACE | given)
    assert request.recipients == ("zoe@xn--exmple-cua.com", "a@example.com", "b@example.com")
    found = read(request.body)
    assert [one.display_name for one in found["To"].addresses] == ["Zoë Ops", "", "Team"]
    assert found["From"].addresses[0].display_name == "Änderungen"


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"to": "no address"}, "to: expected addresses"),
        ({"to": "zoë@example.com"}, "to: expected addresses"),
        ({"to": ["a@example.com\r\nBcc: x@example.com"]}, "to: expected"),
        ({"to": []}, "to: "),
        ({"from": "a b@example.com"}, "from: expected"),
        ({"username": "u"}, "password: missing"),
        ({"password": "p"}, "username: missing"),
        ({"security": "none", "username": "u", "password": "p"}, "security: `none` would send the password"),
        ({"port": 70000}, "port: expected"),
    ],
)
def test_options_that_cannot_be_used(options, says):
    assert EMAIL.problems(PLACE | options)[0].startswith(says)
    with pytest.raises(OptionError, match=f"^{re.escape(says)}"):
        EMAIL.render(event("tiny"), PLACE | options)


def test_a_probe_greets_without_a_login_and_a_test_event_arrives():
    with MailServer(password=PASSWORD) as server:
        settings = main(server, username="u", password=PASSWORD)
        assert "localhost answers" in probe(settings, budget=PLENTY).text
        assert server.received == []
        assert probe(settings, budget=PLENTY, send_test=True).text == "it accepted a test event"
        assert read(server.received[0].data)["Subject"] == "tfevent test event"
