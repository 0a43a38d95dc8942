"""The binary is terraform, else tofu, never tfevent itself."""

import os
import subprocess
import sys

import pytest

from tf_wrapper.launch import binary, binary_setting


def script(path, text='#!/bin/sh\necho real "$@"\n'):
    path.write_text(text)
    path.chmod(0o755)
    return path


def test_terraform_wins_over_tofu_and_the_variable_over_both(tmp_path):
    for name in ("tofu", "terraform", "other"):
        script(tmp_path / name)
    path = {"PATH": str(tmp_path)}
    assert binary.find(path, None) == str(tmp_path / "terraform")
    assert binary.find({**path, "TFEVENT_TF_BINARY": "other"}, "tofu") == str(tmp_path / "other")
    assert binary.find(path, "tofu") == str(tmp_path / "tofu")
    (tmp_path / "terraform").unlink()
    assert binary.find(path, None) == str(tmp_path / "tofu")


def test_a_link_or_script_that_leads_back_to_us_is_passed_over(tmp_path):
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    ours.mkdir()
    theirs.mkdir()
    script(ours / "terraform", "#!/usr/bin/python3\nfrom tf_wrapper.__main__ import main\n")
    script(ours / "tofu", '#!/bin/sh\n# short cut\nexec tfevent "$@"\n')
    real = script(theirs / "terraform")
    assert binary.find({"PATH": f"{ours}{os.pathsep}{theirs}"}, None) == str(real)
    with pytest.raises(binary.BinaryNotFoundError, match="no terraform or tofu found"):
        binary.find({"PATH": str(ours)}, None)


def test_a_script_that_only_mentions_tfevent_is_somebody_elses(tmp_path):
    wrapper = script(tmp_path / "terraform", '#!/bin/sh\n# we do not use tfevent here\nexec /opt/terraform "$@"\n')
    assert binary.find({"PATH": str(tmp_path)}, None) == str(wrapper)


@pytest.mark.parametrize("wanted", ["/nowhere/terraform", "not-there"])
def test_a_named_binary_that_is_missing_is_an_error_that_names_it(tmp_path, wanted):
    with pytest.raises(binary.BinaryNotFoundError, match=wanted):
        binary.find({"PATH": str(tmp_path), "TFEVENT_TF_BINARY": wanted}, None)


def run(tmp_path, *argv, **environ):
    return subprocess.run(
        [sys.executable, "-m", "tf_wrapper", *argv],
        env={"PATH": str(tmp_path), "HOME": str(tmp_path), **environ},
        capture_output=True,
        text=True,
        check=False,
    )


def test_none_found_is_one_line_and_127(tmp_path):
    done = run(tmp_path, "version")
    assert (done.returncode, done.stdout) == (127, "")
    assert done.stderr.startswith("tfevent: no terraform or tofu found")
    assert done.stderr.count("\n") == 1


def test_none_found_is_127_with_a_closed_stderr(tmp_path):
    """Python has no ``sys.stderr`` then: to write to it was an exception, and the exit code 1."""
    command = ["/bin/sh", "-c", 'exec "$@" 2>&-', "sh", sys.executable, "-m", "tf_wrapper", "apply"]
    environ = {"PATH": str(tmp_path), "HOME": str(tmp_path)}
    assert subprocess.run(command, env=environ, stdout=subprocess.PIPE, check=False).returncode == 127


@pytest.mark.parametrize(
    ("argv", "environ"),
    [
        (["version"], {}),
        (["fmt", "-"], {}),
        (["-chdir=x", "output", "-json"], {}),
        (["apply", "-help"], {}),
        (["apply", "-var", "a b", "--", "x"], {"TFEVENT_DISABLE": "1"}),
        ([], {}),
        (["unknown", "", "-x=*"], {}),
    ],
)
def test_what_is_not_observed_is_execd_with_its_arguments_untouched(tmp_path, argv, environ):
    script(tmp_path / "terraform", '#!/bin/sh\nfor word in "$0" "$@"; do printf "[%s]" "$word"; done\nexit 7\n')
    done = run(tmp_path, *argv, **environ)
    assert done.returncode == 7
    assert done.stdout == "".join(f"[{word}]" for word in [str(tmp_path / "terraform"), *argv])
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("binary: /opt/tofu # ours\n", "/opt/tofu"),
        ('environment: prod\n"binary": "/opt/with space/tofu"\n', "/opt/with space/tofu"),
        ("destinations:\n  x:\n    binary: no\n", None),
        ("", None),
    ],
)
def test_the_binary_of_the_settings_file(tmp_path, monkeypatch, text, expected):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "none"))
    monkeypatch.setenv("TFEVENT_TRUST_SETTINGS", "1")
    (tmp_path / "tfevent.yaml").write_text(text)
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    assert binary_setting.binary(str(deep)) == expected
