"""Whom we trust: an authority of the user's, the usual variables, else the system's."""

from __future__ import annotations

import ssl
import subprocess

import pytest
import trustme

from change_events.delivery import deliver
from change_events.delivery.network import trusted
from tests.delivery.test_delivery_faults import PLENTY, sematext, settle
from tests.support.receiver import Receiver


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


class TestTls:
    @pytest.fixture
    def tls(self, authority):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("localhost").configure_cert(context)
        return context

    @pytest.fixture
    def bundle(self, authority, tmp_path):
        path = tmp_path / "authorities" / "ca.pem"
        path.parent.mkdir()
        authority.cert_pem.write_to_path(path)
        return path

    def test_an_unknown_authority_waits_until_it_is_trusted(self, journal, tls, bundle):
        settle(journal, 1)
        with Receiver(tls=tls) as receiver:
            report = deliver(journal, [sematext(receiver.url)], budget=PLENTY)
            assert (report.sent, report.waiting, report.parked) == (0, 1, 0)
            assert "certificate is not trusted" in report.problems[0]
            trusting = sematext(receiver.url, ca_file=str(bundle))
            assert deliver(journal, [trusting], budget=PLENTY, force=True).sent == 1

    @pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "SSL_CERT_DIR"])
    def test_the_usual_variables(self, journal, bundle, tls, monkeypatch, variable):
        settle(journal, 1)
        if variable == "SSL_CERT_DIR":
            subprocess.run(["openssl", "rehash", str(bundle.parent)], check=True)
        monkeypatch.setenv(variable, str(bundle if variable == "SSL_CERT_FILE" else bundle.parent))
        with Receiver(tls=tls) as receiver:
            assert deliver(journal, [sematext(receiver.url)], budget=PLENTY).sent == 1

    def test_a_given_bundle_is_trusted_alone(self, bundle, monkeypatch):
        assert len(trusted(str(bundle)).get_ca_certs()) == 1
        assert len(trusted(None).get_ca_certs()) > 100
        assert trusted(None) is trusted(None), "read once for all destinations"
        monkeypatch.setenv("SSL_CERT_FILE", str(bundle))
        monkeypatch.setenv("SSL_CERT_DIR", str(bundle.parent / "none"))
        assert len(trusted(None).get_ca_certs()) == 1

    def test_a_missing_authority_file(self, journal):
        settle(journal, 1)
        report = deliver(journal, [sematext("https://localhost:1", ca_file="/nowhere.pem")], budget=PLENTY)
        assert report.waiting == 1
        assert "ca_file" in report.problems[0]

    def test_a_server_that_does_not_speak_tls(self, journal):
        settle(journal, 1)
        with Receiver() as receiver:
            url = receiver.url.replace("http://", "https://")
            report = deliver(journal, [sematext(url)], budget=PLENTY)
        assert report.waiting == 1
        assert "TLS" in report.problems[0]
