"""What all tests share: golden files, which `--update-golden` writes anew."""

import os
import signal
import threading
from pathlib import Path

import hypothesis
import pytest

import tests.support.patient.sitecustomize  # noqa: F401 - before anything of the product is imported

# a machine that is three times slower generates examples slowly: that is no finding
hypothesis.settings.register_profile("patient", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("patient")

GOLDEN = Path(__file__).parent / "golden"


def pytest_addoption(parser):
    parser.addoption(
        "--update-golden", action="store_true", default=False, help="write golden files anew; look at the diff then"
    )


def pytest_configure(config):
    for number in (
        signal.SIGHUP,
        signal.SIGINT,
        signal.SIGQUIT,
    ):  # nohup and `&` have them ignored, and what we start too
        if signal.getsignal(number) is signal.SIG_IGN and threading.current_thread() is threading.main_thread():
            signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
    if config.getoption("--update-golden") and os.environ.get("CI", "").lower() not in {"", "0", "false"}:
        raise pytest.UsageError(
            "--update-golden is refused where CI is set: goldens are written by a person who looks at the diff"
        )


@pytest.fixture
def golden(request):
    """``golden(name)`` gives a function that compares a text with ``tests/golden/<name>``, or writes it."""

    def of(name):
        path = GOLDEN / name

        def compare(text):
            if request.config.getoption("--update-golden"):
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(text.encode())
                return
            assert path.exists(), f"{path.name} is not there: pytest --update-golden writes it"
            assert path.read_bytes().decode() == text, f"{path.name} differs: pytest --update-golden, then git diff"

        return compare

    return of
