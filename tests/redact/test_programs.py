"""Short options that hold a secret are known by the program they are given to."""

import shlex

import pytest

from change_events.redact import Redactor


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("mysql -u root -pplanted shop", "mysql -u root '-p(sensitive)' shop"),
        ("/usr/bin/mysqldump -pplanted --all", "/usr/bin/mysqldump '-p(sensitive)' --all"),
        ("sudo -u db mariadb -pplanted", "sudo -u db mariadb '-p(sensitive)'"),
        ("sshpass -p planted ssh web1", "sshpass -p '(sensitive)' ssh web1"),
        ("docker login -u ci -p planted r.example", "docker login -u ci -p '(sensitive)' r.example"),
        ("docker run -p 80:80 nginx", "docker run -p 80:80 nginx"),
        ("curl -sSu ann:planted https://x.example", "curl -sSu 'ann:(sensitive)' https://x.example"),
        ("curl -uann:planted https://x.example", "curl '-uann:(sensitive)' https://x.example"),
        ("curl -u ann https://x.example", "curl -u ann https://x.example"),
        ("redis-cli -h r -a planted ping", "redis-cli -h r -a '(sensitive)' ping"),
        ("ldapsearch -x -w planted -b dc=x", "ldapsearch -x -w '(sensitive)' -b dc=x"),
        ("smbclient -U 'ann%planted' //h/s", "smbclient -U 'ann%(sensitive)' //h/s"),
        ("ssh -p 22 web1", "ssh -p 22 web1"),
        ("tar -pxf x.tar", "tar -pxf x.tar"),
    ],
)
def test_a_short_option(line, shown):
    assert Redactor().command_line(shlex.split(line)) == shown


@pytest.mark.parametrize(
    "script",
    [
        "mysql -pplanted shop < dump.sql",
        "set -e; mysqldump '-pplanted' shop | gzip",
        'sshpass -p "planted" scp x web1:',
        "mysql -p'plan'ted shop",
        "mysql -pplanted 'not closed",
        "sh -c 'mysql -pplanted'",
    ],
)
def test_a_text_that_a_shell_will_read(script):
    line = Redactor().command_line(["sh", "-c", script])
    assert "planted" not in line
    assert "(sensitive)" in line


def test_the_rest_of_such_a_text_stays_as_it_is():
    line = Redactor().command_line(["sh", "-c", "cd /srv && mysql  -pplanted shop"])
    assert line == "sh -c 'cd /srv && mysql  -p(sensitive) shop'"


def test_a_short_secret_is_hidden_in_its_place_alone():
    line = Redactor().command_line(["sh", "-c", "sshpass -p s ssh web1 systemctl restart s3"])
    assert line == "sh -c 'sshpass -p (sensitive) ssh web1 systemctl restart s3'"
