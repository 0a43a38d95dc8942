"""Flags and environment variables of terraform."""

from __future__ import annotations

from tests.e2e.scenario import EVERY, PIPES, Edit, Scenario, main, run
from tests.e2e.scenarios_actions import APPLY, CHAIN, EMPTY, ONE, TWO, YES

_VARIABLE = 'variable "v" {\n}\nresource "terraform_data" "a" {\n  input = var.v\n}\n'
_NAMED = 'v = "from the file"\n'
_CHECK = """\
resource "terraform_data" "a" {
  input = "%s"
}
check "size" {
  assert {
    condition     = terraform_data.a.output == "good"
    error_message = "It is not good."
  }
}
"""
_MANY = "".join(
    _CHECK.replace('"a"', f'"r{n}"')
    .replace("terraform_data.a.", f"terraform_data.r{n}.")
    .replace('"size"', f'"size{n}"')
    % "bad"
    for n in range(6)
)
_DEPRECATED = _VARIABLE + 'output "o" {\n  value = "${var.v}"\n}\n'
_UNDECLARED = "".join(f'x{n} = "undeclared"\n' for n in range(6))
_WHICH = (
    (r"\bx\d\b", "x_"),
    (r"\b(r|size)\d\b", r"\1_"),
    (r"\bline \d+", "line _"),
    (r"(?m)^(\W*(?:\[0m)*\W*)\d+:", r"\1_:"),
)
_BACKEND = 'terraform {\n  backend "local" {\n    path = "elsewhere.tfstate"\n  }\n}\n'

_TWO_VARIABLES = """\
variable "v" {
  default = "d"
}
variable "w" {
  default = "e"
}
resource "terraform_data" "a" {
  input = "${var.v} ${var.w}"
}
output "v" {
  value = var.v
}
output "w" {
  value = var.w
}
"""
# terraform splits TF_CLI_ARGS by rules of its own: no shell's, and not the same in every version
_WORDS = {
    "backslash": r'-var "v=a\db"',
    "backslash-n": r'-var "v=a\nb"',
    "backslash-unquoted": r"-var v=a\ b",
    "backslash-single": r"-var 'v=a\db'",
    "semicolon": "-var v=a;b -var w=c",
    "ampersand": "-var v=a&b",
    "pipe": "-var v=a|b",
    "redirection": "-var v=a>b",
    "redirection-of-a-number": "-var v=1 -var w=2>1",
    "input": "-var v=a<b",
    "substitution": "-var v=$(date",
    "parentheses": "-var v=(a)",
    "backtick": "-var v=`a`",
    "backtick-quoted": '-var "v=`a"',
    "quoted-operators": "-var 'v=a;b&c|d' -var \"w=(a)>$(b)\"",
    "quotes-inside": "-var='v='\"a b\"c -var w=''",
    "empty-word": "-var v=1 ''",
    "unclosed": '-var "v=a',
    "comment": "-var v=#a",
    "no-shell": "-var v=$HOME~*{a,b}",
    "space-only": " \t",
    "no-break-space": "-var v=1\u00a0-var",
    "unicode": "-var v=é\u2028ü",
    "line-breaks": "-var v=1\n-var w=2\r\n",
    "chdir": "-chdir=elsewhere",
    "help": "-help",
    "version": "-version",
    "version-as-value": "-var -v",
    "plan-file": "-- nothing",
    "unknown": "-future",
}

SCENARIOS = (
    *(
        Scenario(
            f"words-{name}",
            main(_TWO_VARIABLES),
            (run("apply -auto-approve", TF_CLI_ARGS_apply=text), run("plan", TF_CLI_ARGS=text)),
            stdio=(PIPES,),
            core=name in {"backslash", "semicolon", "quoted-operators"},
        )
        for name, text in _WORDS.items()
    ),
    Scenario(
        "words-of-every-command-win",
        main(_TWO_VARIABLES),
        (run("apply -auto-approve", TF_CLI_ARGS="-var v=all", TF_CLI_ARGS_apply="-var v=one -var w=one"),),
        stdio=(PIPES,),
        core=True,
    ),
    Scenario(
        "words-of-state-pull",
        main(_TWO_VARIABLES),
        (run("apply -auto-approve -future", TF_CLI_ARGS_state_pull="-help"),),
        stdio=(PIPES,),
    ),
    Scenario("input-false", main(ONE), (run("apply -input=false"),), core=True),
    Scenario("input-false-auto-approve", main(ONE), (run("apply -input=false -auto-approve"),)),
    Scenario("input-by-environment", main(ONE), (run("apply"), run("destroy")), env={"TF_INPUT": "0"}),
    Scenario("input-false-nothing-to-do", main(ONE), (run("apply -input=false"),), before=(APPLY,)),
    *(
        Scenario(f"auto-approve-{name}", main(ONE), (run(f"apply {flag}", "yes\n"),))
        for name, flag in {
            "true": "-auto-approve=true",
            "false": "-auto-approve=false",
            "two-dashes": "--auto-approve",
            "one": "-auto-approve=1",
            "last-wins": "-auto-approve -auto-approve=false",
            "nonsense": "-auto-approve=maybe",
        }.items()
    ),
    Scenario("json", main(CHAIN), (run("apply -json -auto-approve"),), core=True),
    Scenario("json-destroy", main(CHAIN), (run("destroy -json -auto-approve"),), before=(APPLY,)),
    Scenario("json-saved-plan", main(ONE), (run("plan -out=p"), run("apply -json p")), core=True),
    Scenario("json-without-approval", main(ONE), (run("apply -json"), run("apply -json -input=false")), core=True),
    Scenario("json-nothing-to-do", main(ONE), (run("apply -json -auto-approve"),), before=(APPLY,)),
    Scenario("json-failing-check", main(_CHECK % "bad"), (run("apply -json -auto-approve"),), since=(1, 5)),
    Scenario("no-color", main(CHAIN), (run("apply -no-color", "yes\n"), run("plan -no-color")), core=True),
    Scenario("no-color-auto-approve", main(CHAIN), (run("apply -no-color -auto-approve"),), stdio=EVERY),
    Scenario("no-color-variable", main(CHAIN), (YES,), env={"NO_COLOR": "1"}),
    Scenario(
        "compact-warnings",
        main(_MANY),
        (run("apply -compact-warnings", "yes\n"),),
        since=(1, 5),
        core=True,
        masks=_WHICH,
        concurrent=True,
    ),
    Scenario(
        "compact-warnings-auto-approve",
        main(_MANY),
        (run("apply -compact-warnings -auto-approve"),),
        since=(1, 5),
        masks=_WHICH,
        concurrent=True,
    ),
    Scenario("many-warnings", main(_MANY), (YES,), since=(1, 5), stdio=EVERY, masks=_WHICH, concurrent=True),
    Scenario(
        "many-warnings-auto-approve", main(_MANY), (APPLY,), since=(1, 5), stdio=EVERY, masks=_WHICH, concurrent=True
    ),
    Scenario("undeclared-variables", main(ONE, terraform_tfvars=_UNDECLARED), (YES, APPLY), stdio=EVERY, masks=_WHICH),
    Scenario(
        "undeclared-variables-saved-plan",
        main(ONE, terraform_tfvars=_UNDECLARED),
        (run("plan -out=p"), run("apply p")),
        masks=_WHICH,
    ),
    Scenario(
        "undeclared-variables-compact",
        main(ONE, terraform_tfvars=_UNDECLARED),
        (run("apply -compact-warnings -auto-approve"),),
        masks=_WHICH,
    ),
    Scenario("deprecated", main(_DEPRECATED), (run("apply -auto-approve -var v=1"),)),
    Scenario(
        "one-at-a-time", main(CHAIN), (run("apply -parallelism=1", "yes\n"), run("apply -parallelism=0")), core=True
    ),
    Scenario(
        "state-elsewhere",
        main(ONE),
        (run("apply -state=mine.tfstate", "yes\n"), Edit(main(TWO)), run("apply -state=mine.tfstate -auto-approve")),
        core=True,
    ),
    Scenario(
        "state-out",
        main(TWO),
        (run("apply -state-out=new.tfstate -auto-approve"),),
        before=(run("apply -auto-approve"), Edit(main(ONE))),
    ),
    Scenario(
        "state-and-backup",
        main(TWO),
        (run("apply -state=s.tfstate -state-out=o.tfstate -backup=b.tfstate -auto-approve"),),
        before=(run("apply -auto-approve -state=s.tfstate"), Edit(main(ONE))),
    ),
    Scenario("no-backup", main(ONE), (run("apply -backup=- -auto-approve"),), before=(APPLY, Edit(main(TWO)))),
    Scenario("local-backend", main(_BACKEND + ONE), (YES, run("plan -out=p")), before=(run("init"),)),
    Scenario("lock-false", main(ONE), (run("apply -lock=false", "yes\n"),)),
    Scenario(
        "lock-held",
        main(ONE),
        (run("plan"), run("apply -auto-approve"), run("destroy"), run("apply -json -auto-approve")),
        locked=True,
        core=True,
    ),
    Scenario("lock-held-waiting", main(ONE), (run("apply -lock-timeout=1s -auto-approve"),), locked=True),
    Scenario("lock-held-saved-plan", main(ONE), (run("apply p"),), before=(run("plan -out=p"),), locked=True),
    Scenario("lock-held-not-locking", main(ONE), (run("apply -lock=false", "yes\n"),), locked=True),
    Scenario(
        "chdir",
        {"deep/er/main.tf": CHAIN, "deep/er/x.tfvars": ""},
        (
            run("-chdir=deep/er apply -var-file=x.tfvars", "yes\n"),
            run("-chdir=deep/er plan -out=p"),
            run("-chdir=deep/er apply p"),
        ),
        core=True,
    ),
    Scenario("chdir-missing", main(ONE), (run("-chdir=nowhere apply"), run("-chdir= plan"), run("-chdir plan"))),
    Scenario(
        "cli-args", main(CHAIN), (run("apply", "yes\n"), run("plan")), env={"TF_CLI_ARGS": "-no-color"}, core=True
    ),
    Scenario("cli-args-input-false", main(ONE), (run("apply"), run("plan")), env={"TF_CLI_ARGS": "-input=false"}),
    Scenario("cli-args-wrong", main(ONE), (run("apply"), run("plan")), env={"TF_CLI_ARGS": "-nonsense"}),
    Scenario(
        "cli-args-plan-var-file",
        main(_VARIABLE, my_tfvars=_NAMED),
        (run("apply", "typed\n", "yes\n"), run("plan")),
        env={"TF_CLI_ARGS_plan": "-var-file=my.tfvars"},
        core=True,
    ),
    Scenario(
        "cli-args-apply-var-file",
        main(_VARIABLE, my_tfvars=_NAMED),
        (run("apply", "yes\n"),),
        env={"TF_CLI_ARGS_apply": "-var-file=my.tfvars"},
        core=True,
    ),
    Scenario(
        "cli-args-apply-var-file-saved-plan",
        main(_VARIABLE, my_tfvars=_NAMED),
        (run("plan -var v=1 -out=p"), run("apply p")),
        env={"TF_CLI_ARGS_apply": "-var-file=my.tfvars"},
    ),
    Scenario(
        "cli-args-apply-auto-approve",
        main(ONE),
        (run("apply"), run("apply -auto-approve=false")),
        env={"TF_CLI_ARGS_apply": "-auto-approve"},
    ),
    Scenario(
        "cli-args-apply-json", main(ONE), (run("apply -auto-approve"), run("apply")), env={"TF_CLI_ARGS_apply": "-json"}
    ),
    Scenario(
        "cli-args-apply-saved-plan",
        main(ONE),
        (run("plan -out=p"), run("apply"), run("apply")),
        env={"TF_CLI_ARGS_apply": "-no-color p"},
    ),
    Scenario(
        "cli-args-destroy",
        main(ONE),
        (run("destroy"), run("apply", "yes\n")),
        env={"TF_CLI_ARGS_destroy": "-auto-approve"},
        before=(APPLY,),
    ),
    Scenario(
        "cli-args-plan-json-and-out",
        main(ONE),
        (run("apply", "yes\n"), run("plan")),
        env={"TF_CLI_ARGS_plan": "-json -out=mine"},
        core=True,
    ),
    Scenario(
        "cli-args-plan-quoted", main(_VARIABLE), (run("plan"),), env={"TF_CLI_ARGS_plan": "-var 'v=a b' -no-color"}
    ),
    Scenario(
        "data-dir",
        main(_BACKEND + ONE),
        (YES, run("plan")),
        before=(run("init"),),
        env={"TF_DATA_DIR": "data"},
        core=True,
    ),
    Scenario(
        "workspace-by-environment", main(ONE), (YES, run("destroy", "yes\n")), env={"TF_WORKSPACE": "prod"}, core=True
    ),
    Scenario(
        "workspace-selected",
        main(ONE),
        (run("workspace show"), YES, run("apply -refresh-only"), run("destroy", "no\n")),
        before=(run("workspace new stage"),),
    ),
    Scenario("workspace-invalid", main(ONE), (run("plan"), run("apply")), env={"TF_WORKSPACE": "no/slash"}),
    Scenario("automation", main(ONE), (run("plan -out=p"), run("plan"), YES), env={"TF_IN_AUTOMATION": "1"}, core=True),
    Scenario("log", main(ONE), (run("apply -auto-approve"),), env={"TF_LOG": "off", "TF_LOG_PATH": "log.txt"}),
    Scenario("config-file-missing", main(ONE), (APPLY,), env={"TF_CLI_CONFIG_FILE": "/nonexistent/rc"}),
    Scenario("flags-twice", main(_VARIABLE), (run("apply -var v=1 -var v=2 -no-color -no-color=false -auto-approve"),)),
    Scenario(
        "flags-after-words",
        main(ONE),
        (run("apply p -auto-approve"), run("plan p"), run("apply -- p")),
        before=(run("plan -out=p"),),
    ),
    Scenario(
        "help",
        main(EMPTY),
        (
            run("plan -help"),
            run("apply --help"),
            run("destroy -h"),
            run("-help apply"),
            run("apply -help -auto-approve"),
        ),
    ),
    Scenario(
        "version-flag",
        main(EMPTY),
        (run("-version"), run("--version"), run("-v"), run("version"), run("apply -version")),
    ),
    Scenario(
        "exec-without-terminal",
        main(ONE),
        (run("validate -json"), run("fmt -check"), run("providers")),
        stdio=(PIPES,),
        core=True,
    ),
)
