"""Plan half and apply half together against one native `apply -auto-approve`: where warnings are shown, and how."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass

import pytest

from tests.support.normalise import difference
from tests.support.terraform import binaries, clean_env, write_files
from tests.tf_wrapper.test_human_render_real import comparable
from tf_wrapper.plan.text_filter import PlanTextFilter
from tf_wrapper.render import HumanRenderer

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(not binaries(), reason="no terraform here"),
]
CONFIG = """
resource "terraform_data" "a" { input = %s }
check "c" {
  assert {
    condition     = terraform_data.a.id == "no"
    error_message = "A check that never passes, with a text that is longer than one line of a terminal usually is."
  }
}
output "o" { value = "x" }
"""
IMPORT = 'import {\n  to = terraform_data.i\n  id = "some-id"\n}\nresource "terraform_data" "i" {}\n'
TFVARS = "u1 = 1\n"


@dataclass(frozen=True)
class Case:
    name: str
    files: dict[str, str]
    flags: tuple[str, ...] = ()
    before: dict[str, str] | None = None
    apply_flags: tuple[str, ...] = ()


CASES = (
    Case("check", {"main.tf": CONFIG % 1}),
    Case("check_update", {"main.tf": CONFIG % 2}, before={"main.tf": CONFIG % 1}),
    Case("check_nothing", {"main.tf": CONFIG % 1}, before={"main.tf": CONFIG % 1}),
    Case("undeclared", {"main.tf": CONFIG % 1, "terraform.tfvars": TFVARS}),
    Case("undeclared_nothing", {"main.tf": CONFIG % 1, "terraform.tfvars": TFVARS}, before={"main.tf": CONFIG % 1}),
    Case("target", {"main.tf": CONFIG % 1, "terraform.tfvars": TFVARS}, ("-target=terraform_data.a",)),
    Case("state", {"main.tf": CONFIG % 1}, ("-state=s.tfstate",), apply_flags=("-state=s.tfstate",)),
    Case("import", {"main.tf": IMPORT}),
    Case("import_check", {"main.tf": IMPORT + CONFIG % 1}, before={"main.tf": CONFIG % 1}),
)
STYLES = ((), ("-no-color",), ("-compact-warnings",), ("-compact-warnings", "-no-color"))


@pytest.mark.parametrize("style", STYLES, ids="".join)
@pytest.mark.parametrize("binary", binaries(), ids=str)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_both_halves_print_what_one_apply_prints(case, binary, style, tmp_path):
    env = clean_env(tmp_path / "home")

    def run(folder, *words):
        return subprocess.run([binary.path, *words], cwd=folder, env=env, capture_output=True, check=True).stdout

    work = tmp_path / "a" / "work"
    write_files(work, case.before or {"main.tf": ""})
    run(work, "init")
    if case.before:
        run(work, "apply", "-auto-approve")
    write_files(work, case.files)
    ours = shutil.copytree(work, tmp_path / "b" / "work", symlinks=True)
    native = run(work, "apply", "-auto-approve", *case.flags, *style)

    env["TF_IN_AUTOMATION"] = "1"
    plan = run(ours, "plan", "-out=saved", *case.flags, *style)
    text = PlanTextFilter()
    shown = text.feed(plan)
    _, warnings, errors = text.finish()
    assert errors == []
    out = [shown.decode()]
    renderer = HumanRenderer(
        out=out.append,
        err=out.append,
        color="-no-color" not in style,
        columns=78,
        err_columns=78,
        compact_warnings="-compact-warnings" in style,
        held=warnings,
        undeclared_seen=True,
        imports=text.imports,
    )
    stream = run(ours, "apply", "-json", *style, *case.apply_flags, "saved")
    for line in stream.splitlines(keepends=True):
        renderer.feed(line)
    renderer.finish()
    assert difference(comparable(native), comparable("".join(out)), case.name) == ""
