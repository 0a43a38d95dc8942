"""What the working directory says about a run before terraform is asked: workspace, backend, ephemeral variables.

Read without a parser, because it happens before terraform starts. Wrong guesses are safe: at worst a run is
observed natively (from its states) instead of through a saved plan.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False  # spelled out: importing typing costs 10 ms before terraform starts
if TYPE_CHECKING:
    from collections.abc import Mapping

    from tf_wrapper.arguments import Parsed

_CONFIG = (".tf", ".tf.json", ".tofu", ".tofu.json")
_REMOTE = (b'"type": "remote"', b'"type":"remote"', b'"type": "cloud"', b'"type":"cloud"')


class Workspace:
    """The directory that a run is about, after ``-chdir``."""

    def __init__(self, chdir: str | None, environ: Mapping[str, str]) -> None:
        self.directory = os.path.normpath(os.path.join(os.getcwd(), chdir or ""))
        self.data_dir = os.path.join(self.directory, environ.get("TF_DATA_DIR") or ".terraform")
        self._environ = environ

    @property
    def name(self) -> str:
        """The selected workspace: TF_WORKSPACE, else what `workspace select` wrote, else ``default``."""
        chosen = self._environ.get("TF_WORKSPACE")
        if chosen:
            return chosen
        return _read(os.path.join(self.data_dir, "environment")).decode("utf-8", "replace").strip() or "default"

    @property
    def runs_remotely(self) -> bool:
        """Whether plans are made elsewhere (HCP Terraform, the ``remote`` backend): no plan file to read then."""
        return any(mark in _read(os.path.join(self.data_dir, "terraform.tfstate")) for mark in _REMOTE)

    @property
    def has_configuration(self) -> bool:
        """Whether there is anything to plan."""
        return bool(self._files(_CONFIG))

    def _files(self, endings: tuple[str, ...]) -> list[str]:
        try:
            names = sorted(os.listdir(self.directory))
        except OSError:
            return []
        return [os.path.join(self.directory, name) for name in names if name.endswith(endings)]

    def ephemeral_variables(self) -> dict[str, bool]:
        """Root module variables declared ``ephemeral = true`` → whether they have a default.

        Their values are not kept in a saved plan and must be given again when it is applied.
        """
        found: dict[str, bool] = {}
        for path in self._files(_CONFIG):
            data = _read(path)
            if b"ephemeral" not in data or b"variable" not in data:
                continue
            found.update(_declared(data.decode("utf-8", "replace"), "ephemeral"))
        return found

    def sensitive_values(self, parsed: Parsed) -> list[str]:
        """What the root module's sensitive and ephemeral variables are set to by TF_VAR_, -var and var files.

        For what a plan does not tell: it holds no ephemeral values, and a failed plan none at all. In files only
        plain strings are found.
        """
        found: dict[str, bool] = {}
        for path in self._files(_CONFIG):
            text = _read(path).decode("utf-8", "replace")
            found |= _declared(text, "sensitive") | _declared(text, "ephemeral")
        given = [value.partition("=") for value in parsed.values("var")]
        text = self._variable_files(parsed)
        values = [self._environ.get(f"TF_VAR_{name}", "") for name in found]
        values += [value for name, _, value in given if name.strip() in found]
        values += [value for name in found for value in _assigned(name, text)]
        return [value for value in values if value]

    def would_ask_for(self, variables: dict[str, bool], parsed: Parsed) -> bool:
        """Whether terraform would prompt for one of these: its answer could not be given again at apply."""
        needed = [name for name, has_default in variables.items() if not has_default]
        needed = [name for name in needed if f"TF_VAR_{name}" not in self._environ]
        given = {value.partition("=")[0].strip() for value in parsed.values("var")}
        text = self._variable_files(parsed)
        return any(name not in given and name not in text for name in needed)

    def _variable_files(self, parsed: Parsed) -> str:
        files = [os.path.join(self.directory, name) for name in parsed.values("var-file")]
        files += self._files(("terraform.tfvars", "terraform.tfvars.json", ".auto.tfvars", ".auto.tfvars.json"))
        return "\n".join(_read(path).decode("utf-8", "replace") for path in files)


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return b""


def _declared(text: str, mark: str) -> dict[str, bool]:
    """Variables with ``mark = true`` → whether they have a default."""
    import re

    found = {}
    for match in re.finditer(r'\bvariable\s+"?([\w-]+)"?\s*\{|"variable"\s*:\s*\{\s*"([\w-]+)"\s*:\s*\{', text):
        body = _block(text, match.end())
        if re.search(rf'(?:^|[{{,])\s*"?{mark}"?\s*[=:]\s*true\b', body, re.MULTILINE):
            found[match.group(1) or match.group(2)] = re.search(r'\bdefault"?\s*[=:]', body) is not None
    return found


def _assigned(name: str, text: str) -> list[str]:
    import json
    import re

    values = []
    for literal in re.findall(
        rf'(?:^|[{{,])\s*"?{re.escape(name)}"?\s*[=:]\s*("(?:[^"\\\n]|\\.)*")', text, re.MULTILINE
    ):
        try:
            values.append(str(json.loads(literal)))
        except ValueError:  # an escape of HCL's own
            values.append(literal[1:-1])
    return values


def _block(text: str, start: int) -> str:
    depth = 1
    for index in range(start, len(text)):
        depth += {"{": 1, "}": -1}.get(text[index], 0)
        if depth == 0:
            return text[start:index]
    return text[start:]
