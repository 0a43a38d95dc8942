"""The working directory before terraform is started: workspace, backend, ephemeral variables.

Configuration is parsed only if it contains the word ``ephemeral``, since this delays terraform. If something cannot be
read or understood, the answer is the one that makes the run native.
"""

from __future__ import annotations

import os

from tf_wrapper.configuration import inputs

TYPE_CHECKING = False  # not imported: typing costs 10 ms before terraform starts
if TYPE_CHECKING:
    from collections.abc import Mapping

    from tf_wrapper.configuration.secrets import Secrets
    from tf_wrapper.launch.arguments import Parsed
    from tf_wrapper.launch.state_arguments import StateArguments

_REMOTE = (b'"type": "remote"', b'"type":"remote"', b'"type": "cloud"', b'"type":"cloud"')


class Workspace:
    """The directory of a run, after ``-chdir``.

    Args:
        chdir: value of the option.
        environ: terraform's environment.
        tofu: whether OpenTofu runs, which reads ``.tofu`` files; None if unknown.
    """

    def __init__(self, chdir: str | None, environ: Mapping[str, str], *, tofu: bool | None = None) -> None:
        chdir = chdir or ""
        if not os.path.isabs(chdir):  # of an absolute one, no working directory is needed: it may have been removed
            chdir = os.path.join(os.getcwd(), chdir)
        self.directory = os.path.normpath(chdir)
        self.data_dir = os.path.join(self.directory, environ.get("TF_DATA_DIR") or ".terraform")
        self._environ = environ
        self._tofu = tofu

    @property
    def name(self) -> str:
        """The selected workspace: TF_WORKSPACE, else the one written by `workspace select`, else ``default``."""
        chosen = self._environ.get("TF_WORKSPACE")
        if chosen:
            return chosen
        written = inputs.read(os.path.join(self.data_dir, "environment")) or b""
        return written.decode("utf-8", "replace").strip() or "default"

    @property
    def runs_remotely(self) -> bool:
        """Whether plans are made remotely (HCP Terraform, the ``remote`` backend), without a plan file."""
        settings = inputs.read(os.path.join(self.data_dir, "terraform.tfstate")) or b""
        return any(mark in settings for mark in _REMOTE)

    @property
    def has_configuration(self) -> bool:
        """Whether there is any configuration."""
        return bool(self._configuration())

    def _configuration(self) -> list[str]:
        from tf_wrapper.configuration.files import module_files

        return module_files(self.directory, tofu=self._tofu)

    @property
    def has_piped_inputs(self) -> bool:
        """Whether terraform reads a pipe by itself: as configuration, variable file or settings.

        Each terraform process started in this directory would read it, so there must be only one.
        """
        from tf_wrapper.configuration.files import variable_files

        home = self._environ.get("HOME", "")
        settings = [self._environ.get(name, "") for name in ("TF_CLI_CONFIG_FILE", "TERRAFORM_CONFIG")]
        settings += [os.path.join(home, name) for name in (".terraformrc", ".tofurc") if home]
        paths = (*self._configuration(), *variable_files(self.directory), *settings)
        return any(path and inputs.is_read_once(path) for path in paths)

    def has_piped_variables(self, parsed: Parsed) -> bool:
        """Whether a ``-var-file`` is a pipe, which only the terraform process that needs it may read."""
        return any(inputs.is_read_once(os.path.join(self.directory, name)) for name in parsed.values("var-file"))

    def may_have_ephemeral(self) -> bool:
        """Whether the root module declares an ephemeral variable, or cannot be read well enough to exclude it."""
        return self._ephemeral() != {}

    def may_ask_for_ephemeral(self, parsed: Parsed) -> bool:
        """Whether terraform may prompt for an ephemeral variable, whose value apply would need again."""
        declared = self._ephemeral()
        if declared is None:
            return True
        needed = [name for name, has_default in declared.items() if not has_default]
        if not needed:
            return False
        from tf_wrapper.configuration.values import given_values

        given = given_values(self.directory, parsed.options, self._environ).given
        return any(name not in given for name in needed)

    def _ephemeral(self) -> dict[str, bool] | None:
        """Ephemeral variables of the root module → whether they have a default; None if unknown."""
        from tf_wrapper.configuration.files import holds

        is_ephemeral = False
        for path in self._configuration():
            data = inputs.read(path)
            if data is None:
                return None
            is_ephemeral = is_ephemeral or holds(data, "ephemeral", is_json=path.endswith(".json"))
        if not is_ephemeral:
            return {}
        from tf_wrapper.configuration.module import read_module

        module = read_module(self.directory, tofu=self._tofu, word="ephemeral")
        if not module.whole:
            return None
        return {name: one.default is not None for name, one in module.variables.items() if one.ephemeral}

    def secrets(self, parsed: Parsed) -> Secrets:
        """Return the secrets of the configuration and the given values; read on demand, beside the run."""
        from tf_wrapper.configuration.secrets import find_secrets

        return find_secrets(self.directory, self.data_dir, parsed.options, self._environ, tofu=self._tofu)

    def state_secrets(self, state: StateArguments) -> Secrets:
        """Return the same for a state command, which has no plan: files are searched for literals with secret names."""
        from tf_wrapper.configuration.named_literals import find_named_literals
        from tf_wrapper.configuration.secrets import find_secrets

        root = os.path.normpath(os.path.join(self.directory, state.flags.get("config", "")))  # of `import`
        found = find_secrets(self.directory, self.data_dir, state.options, self._environ, tofu=self._tofu, root=root)
        return found._replace(literals=tuple(find_named_literals(root, self.directory, self.data_dir, tofu=self._tofu)))
