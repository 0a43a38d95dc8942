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
        ("mongosh -pplantedp", "mongosh '-p(sensitive)'"),
        ("ldapsearch -xwplanted -b dc=x", "ldapsearch '-xw(sensitive)' -b dc=x"),
        ("curl -sua:planted https://x.example", "curl '-sua:(sensitive)' https://x.example"),
        ("zip -rPplanted a b", "zip '-rP(sensitive)' a b"),
        ("redis-cli -a -planted ping", "redis-cli -a '(sensitive)' ping"),
        ("docker run -d --name mongo -p 27017:27017 mongo:7", None),
        ("journalctl -u mongo -p err", None),
        ("make -C /src/mongo -p x", None),
        ("scp zip -P 22 h:", None),
        ("kubectl exec mongo -- tar -p x", None),
    ],
)
def test_a_short_option(line, shown):
    assert Redactor().command_line(shlex.split(line)) == (line if shown is None else shown)


@pytest.mark.parametrize(
    "script",
    [
        "mysql -pplanted shop < dump.sql",
        "set -e; mysqldump '-pplanted' shop | gzip",
        'sshpass -p "planted" scp x web1:',
        "mysql -p'plan'ted shop",
        "mysql -pplanted 'not closed",
        "sh -c 'mysql -pplanted'",
        "x=$(redis-cli -a planted get k) 2>/dev/null; true",
        'x="$(redis-cli -a planted get k)"',
        "`redis-cli -a planted get k`",
        "true;ldapsearch -w planted",
        "cd /x&&zip -P planted a b",
        "echo hi|docker login -u x -p planted",
        "# don't\nsshpass -p planted ssh h",
        'find . -exec sshpass -p "planted" scp {} h: ;',
        "if true; then ldapsearch -wplanted; fi",
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


@pytest.mark.parametrize(
    "script",
    [
        "apt-get install -y curl zip && scp -P 22 x y",
        "redis-cli ping && ls -a /srv && rsync -a /a /b",
        "ldapsearch -x | grep -w foo",
        "mongodump -o x; mkdir -p /b",
        "python -c 'import sys' -p 1",
    ],
)
def test_a_script_without_such_a_secret_stays_as_it_is(script):
    assert Redactor().command_line(["sh", "-c", script]) == shlex.join(["sh", "-c", script])


def test_of_a_script_only_the_secret_is_hidden():
    line = Redactor().command_line(["sh", "-c", """cd / && redis-cli -a "$PW" ping && curl -u 'a':'b' x"""])
    assert "cd / && redis-cli -a (sensitive) ping && curl -u a:(sensitive) x" in line


def test_a_long_text_takes_no_time():
    options = " ".join(f"-a{number:05}" for number in range(14_000))
    assert "-a00003" not in Redactor().command_line(["true", f"it's; redis-cli {options}"])
    assert "-a00003" not in Redactor().command_line(["true", f"redis-cli {options}"])
    Redactor().command_line(["true", "'\"" * 10_000 + " x"])
