"""A playbook run on the terminal: its hosts and tasks, what fell out first."""

import json

import msgspec
import pytest

from change_events.model import HostRun
from tests.summary.typical_events import EVENTS


@pytest.fixture
def shown(home):
    hosts = (
        HostRun(name="web1", status="changed", ok=10, changed=3),
        HostRun(name="web17", status="failed", ok=2, failed=1),
        HostRun(name="web2", status="ok", ok=12),
    )
    home.fill(msgspec.structs.replace(EVENTS["playbook"], title="site.yml: 4 tasks changed 398 hosts", hosts=hosts))
    return home


def test_the_story_reports_tasks_over_their_hosts(shown):
    text = shown.events("show", "last")
    places = [
        text.index(part)
        for part in (
            "playbook   site.yml, inventory hosts.ini\n",
            "hosts      400 hosts: 2 failed, 398 changed\n",
            "web      392 hosts: 2 failed, 390 changed\n",
            "tasks      31 run, 4 changed, 1 failed, 1 ignored\n",
            "✗ change   nginx : Install nginx  failed\n",
            "changed on 398 of 400; failed on 2 of 400 (web17, web18): web17: No space left on device\n",
            "role nginx, play Web servers\n",
            "✓ change   nginx : Write the site\n",
            "/etc/nginx/sites-enabled/shop: mode 0644 → 0600\n",
            "handler, role nginx, play Web servers\n",
            "Hosts\n  failed      web17  1 failed, 2 ok\n",
            "  changed     web1  3 changed, 10 ok\n  ok          web2  12 ok\n",
            "Events sent during the run\n  Shop 1.4.2 deployed",
        )
    ]
    assert places == sorted(places)
    assert "planned" not in text.partition("Failures")[0], "a playbook plans nothing"


def test_many_hosts_are_counted(shown):
    assert "… and 2 more" in shown.events("show", "last", "--limit", "1")


def test_list_by_host(shown):
    found = [json.loads(line) for line in shown.events("list", "--host", "web17", "--json").splitlines()]
    assert [event["title"] for event in found] == ["site.yml: 4 tasks changed 398 hosts"]
    assert shown.events("list", "--host", "web99") == ""
