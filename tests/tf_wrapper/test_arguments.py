"""terraform's command line is read as Go's flag package reads it, or not at all."""

import pytest

from tf_wrapper.arguments import parse


def parsed(*argv, **environ):
    return parse(list(argv), environ)


@pytest.mark.parametrize(
    ("argv", "name", "expected"),
    [
        (["apply"], "auto-approve", False),
        (["apply", "-auto-approve"], "auto-approve", True),
        (["apply", "--auto-approve"], "auto-approve", True),
        (["apply", "-auto-approve=true"], "auto-approve", True),
        (["apply", "-auto-approve=0"], "auto-approve", False),
        (["apply", "-auto-approve", "-auto-approve=false"], "auto-approve", False),
        (["apply", "-target", "-auto-approve"], "auto-approve", False),
        (["apply", "planfile", "-no-color"], "no-color", True),
    ],
)
def test_boolean_flags(argv, name, expected):
    assert parsed(*argv).flag(name) is expected


@pytest.mark.parametrize(
    "argv",
    [
        ["apply", "-unknown"],
        ["apply", "-auto-approve=maybe"],
        ["apply", "-var"],
        ["apply", "one", "two"],
        ["apply", "-parallelism=abc"],
        ["apply", "-lock-timeout=x"],
        ["apply", "-lock-timeout="],
        ["apply", "-no-color=true"],
        ["apply", "--no-color"],
        ["apply", "-var", "nonsense"],
        ["apply", "-out=x"],
        ["apply", "-detailed-exitcode"],
        ["plan", "-auto-approve"],
        ["plan", "extra"],
        ["destroy", "-destroy"],
        ["destroy", "-refresh-only"],
        ["destroy", "planfile"],
        ["-chdir", "apply"],
        ["-help", "apply"],
        ["-chdir=a", "-chdir=b", "plan"],
    ],
)
def test_what_is_not_understood_is_left_to_terraform(argv):
    assert parsed(*argv) is None


def test_a_value_may_be_the_next_word_and_may_look_like_a_flag():
    result = parsed("apply", "-var", "-x=1", "-target", "a.b", "--", "plan.out")
    assert result.values("var") == ["-x=1"]
    assert result.values("target") == ["a.b"]
    assert result.positional == ("plan.out",)


def test_arguments_from_the_environment_come_first_so_that_explicit_ones_win():
    result = parsed(
        "apply",
        "-parallelism=3",
        TF_CLI_ARGS="-no-color",
        TF_CLI_ARGS_apply="-parallelism=2 -var 'a=b c'",
        TF_CLI_ARGS_plan="-out=x",
    )
    assert result.value("parallelism") == "3"
    assert result.values("var") == ["a=b c"]
    assert result.flag("no-color")
    assert result.value("out") is None


def test_unbalanced_quotes_in_the_environment_are_left_to_terraform():
    assert parsed("apply", TF_CLI_ARGS="-var 'a") is None


def test_words_for_the_plan_half():
    result = parsed("-chdir=dir", "destroy", "-auto-approve", "-target=a.b", "-var", "x=y", "-parallelism", "3")
    assert result.for_plan() == ["-destroy", "-target=a.b", "-var", "x=y", "-parallelism", "3"]
    assert result.globals == ("-chdir=dir",)
    assert result.chdir == "dir"


@pytest.mark.parametrize(
    ("variables", "expected"),
    [(False, ["-lock=false", "-state", "s"]), (True, ["-lock=false", "-var", "x=y", "-state", "s"])],
)
def test_words_beside_a_saved_plan(variables, expected):
    result = parsed(
        "apply", "-auto-approve", "-lock=false", "-var", "x=y", "-target=a.b", "-state", "s", "-refresh=false"
    )
    assert result.for_saved_plan(variables=variables) == expected
