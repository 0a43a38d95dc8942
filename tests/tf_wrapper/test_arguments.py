"""terraform's command line is read as Go's flag package reads it, or not at all."""

import pytest

from tf_wrapper.launch.arguments import asks_for_help, is_limited, only_refreshes, parse, shell_words


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
        ["-chdir=", "apply"],
        ["apply", ""],
        ["apply", "-parallelism=0x10"],
        ["apply", "-parallelism=010"],
        ["apply", "-parallelism=²"],
        ["apply", "-parallelism=99999999999999999999"],
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


def test_those_for_every_command_win_over_those_for_one():
    result = parsed("apply", TF_CLI_ARGS="-parallelism=1", TF_CLI_ARGS_apply="-parallelism=2")
    assert result.value("parallelism") == "1"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        (" \t\r\n", []),
        ("-var v=1  -no-color\n", ["-var", "v=1", "-no-color"]),
        ("-var 'v=a b' -var \"w=it's\"", ["-var", "v=a b", "-var", "w=it's"]),
        ("-var='v='\"a\"b", ["-var=v=ab"]),
        ("-var v=''", ["-var", "v="]),
        ("-var 'v=x(y);z&|<>$(t)\"'", ["-var", 'v=x(y);z&|<>$(t)"']),
        ("-var v=$HOME#~*?[é]{a,b}", ["-var", "v=$HOME#~*?[é]{a,b}"]),
        ("-var v=1\u00a02", ["-var", "v=1\u00a02"]),
        (r"-var 'v=a\db'", ["-var", r"v=a\db"]),
    ],
)
def test_words_that_every_shell_and_terraform_read_alike(text, expected):
    assert shell_words(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        r'-var "v=a\db"', r"-var v=a\ b", "-var v=1\\", "-var v=a;b -var w=c", "-var v=a&b", "-var v=a|b", "-var v=a<b",
        "-var v=a>b", "-var v=2>1", "-var v=$(date)", "-var v=(a)", "-var v=`date`", '-var "v=`date`"',
        '-var "v', "-var 'v",
        "''", '-var ""', "-var v=1 '' ''", "-var v=\udcff", "-var 'v=\udcff'",
    ],
)  # fmt: skip
def test_words_that_could_be_read_otherwise_are_left_to_terraform(text):
    assert shell_words(text) is None
    assert parsed("apply", TF_CLI_ARGS=text) is None
    assert parsed("apply", TF_CLI_ARGS_apply=text) is None


@pytest.mark.parametrize("name", ["TF_CLI_ARGS", "TF_CLI_ARGS_apply"])
@pytest.mark.parametrize("text", ["-help", "-var v=1 -h", "--version", "-var -v"])
def test_help_and_version_in_the_environment(name, text):
    assert asks_for_help("apply", {name: text})
    assert parsed("apply", **{name: text}) is None


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


@pytest.mark.parametrize(
    ("line", "environ", "expected"),
    [
        ("apply -auto-approve", {}, False),
        ("apply -target=a.b", {}, True),
        ("apply --exclude a.b", {}, True),
        ("destroy -target a.b", {}, True),
        ("apply -var=x=-target", {}, False),
        ("apply", {"TF_CLI_ARGS_apply": "-target=a.b"}, True),
        ("apply -exclude-file=list", {}, True),  # not understood
        ("apply -future-flag", {}, False),
        ("apply -future-flag", {"TF_CLI_ARGS": "-target=a.b"}, True),
    ],
)
def test_command_lines_that_leave_resources_out(line, environ, expected):
    assert is_limited(line.split(), environ) is expected


@pytest.mark.parametrize(
    ("line", "environ", "expected"),
    [
        ("apply -refresh-only", {}, True),
        ("apply --refresh-only=true -auto-approve", {}, True),
        ("apply -refresh-only=false", {}, False),
        ("apply -auto-approve", {}, False),
        ("apply -future x -refresh-only", {}, True),  # of a command line that is not understood
        ("-future=1 apply -refresh-only -refresh-only=0", {}, False),
        ("apply -future", {"TF_CLI_ARGS_apply": "-refresh-only"}, True),
        ("apply -future -refresh-only=false", {"TF_CLI_ARGS": "-refresh-only"}, False),
        ("apply -future", {"TF_CLI_ARGS_plan": "-refresh-only"}, False),
        ("apply -future -refresh=false", {}, False),
    ],
)
def test_an_apply_that_only_refreshes(line, environ, expected):
    assert only_refreshes(line.split(), environ) is expected


@pytest.mark.parametrize("line", ["state rm a", "workspace new x", "import a b", "refresh", "force-unlock 1"])
def test_the_command_line_of_a_state_command_is_not_read_here(line):
    assert parse(line.split(), {}) is None
    assert not is_limited(line.split(), {})
