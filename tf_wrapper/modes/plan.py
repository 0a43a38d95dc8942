"""`tfevent plan`: terraform's own plan with its output unchanged, plus a private -out to read afterwards."""

from __future__ import annotations

import os

from tf_wrapper.launch.output import OutputClosedError, columns, write_all

TYPE_CHECKING = False  # not imported: typing costs 10 ms before terraform starts
if TYPE_CHECKING:
    from tf_wrapper.launch.arguments import Parsed
    from tf_wrapper.modes.observe import Invocation

_ERROR, _CHANGES = 1, 2  # exit codes of `plan -detailed-exitcode`; 0 is "no changes"

# Terraform's words after a plan without -out (internal/command/views/operation.go); with our private -out it would
# name that file instead, so TF_IN_AUTOMATION keeps it quiet and we say what it would have said.
_NOTE = (
    "Note: You didn't use the -out option to save this plan, so {tool} can't guarantee to take exactly these "
    'actions if you run "{command} apply" now.'
)
_GENERATED = (
    "{tool} has generated configuration and written it to {path}. Please review the configuration and edit it as "
    "necessary before adding it to version control."
)


def run(invocation: Invocation) -> int:
    """Run the plan; returns terraform's exit code."""
    parsed = invocation.parsed
    if parsed is None:
        raise ValueError("a plan that is not understood is run natively")
    own = parsed.value("out")
    words = _with_private_plan(invocation) if own is None else invocation.argv
    environ = dict(invocation.environ)
    if own is None:
        environ["TF_IN_AUTOMATION"] = "1"
    from tf_wrapper.modes.plan_phase import WholePlan

    plan = WholePlan(invocation, parsed)
    code = plan.run_as([invocation.binary, *words], environ)
    if own is None:
        _next_steps(code, parsed, invocation.identity.product if invocation.identity else "Terraform")
        path = invocation.run.file("plan")
    else:
        path = os.path.join(invocation.workspace.directory, own)
    is_detailed = own is not None or parsed.flag("detailed-exitcode")
    shown = 0 if code == _CHANGES and not is_detailed else code
    from tf_wrapper.record.failed_plan import FailedPlan

    failed = FailedPlan(plan.errors, path, lambda: invocation.workspace.secrets(parsed)) if plan.errors else None
    invocation.recorder.end_plan(shown, path, failed)
    return shown


def _with_private_plan(invocation: Invocation) -> list[str]:
    """Return the user's arguments with tfevent's directly after the subcommand, so that the user's take precedence."""
    index = invocation.argv.index(invocation.word)
    ours = [f"-out={invocation.run.create_plan()}", "-detailed-exitcode"]
    return [*invocation.argv[: index + 1], *ours, *invocation.argv[index + 1 :]]


def _next_steps(code: int, parsed: Parsed, product: str) -> None:
    quiet = os.environ.get("TF_IN_AUTOMATION", "") != "" or parsed.flag("json")
    if code != _CHANGES or quiet:
        return
    from tf_wrapper.render.wrap import word_wrap

    width = columns(1)
    generated = parsed.value("generate-config-out")
    texts = [_GENERATED.format(tool=product, path=generated)] if generated else []
    texts.append(_NOTE.format(tool=product, command="tofu" if product == "OpenTofu" else "terraform"))
    lines = [_rule(width, color=not parsed.flag("no-color"))]
    lines += [word_wrap("\n" + text, width) for text in texts]
    try:
        write_all(1, "".join(line + "\n" for line in lines).encode())
    except OutputClosedError:
        return  # the plan was read to its end; only our repetition of a hint was not


def _rule(width: int, *, color: bool) -> str:
    if width <= 1:
        return "\n"
    rule = "\n" + "─" * (width - 1)
    return f"\x1b[90m{rule}\x1b[0m" if color else rule
