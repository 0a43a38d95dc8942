# Copyright: the tfevent authors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Names the target of a change in a few words: a path, a package and its version, a service and its state.

:data:`KINDS` is THE TABLE: a module's full name and the values that name its target. A value is taken from the result,
else from the task's arguments; nothing else of either is used. To support a module, add a row; a module without a row
uses :data:`DEFAULT`.

Every value named in a row must be safe to show: a path, a name, a version, a state; never contents, a command line or a
password.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from ansible_collections.tfevent.infra.plugins.plugin_utils.records import Arguments

MOST_NAMES = 5  # of one list of names
LONGEST = 300  # characters of one value: what is longer is no name, and is left out whole


class Kind(NamedTuple):
    """How the target of one kind of module is named.

    Attributes:
        word: prefix, if the name alone would be unclear.
        names: keys, of which the first with a value names the target; a dot leads into a dict.
        details: keys whose values follow in brackets.
    """

    word: str = ""
    names: tuple[str, ...] = ()
    details: tuple[str, ...] = ()


NOTHING = Kind()
FILE = Kind("", ("dest", "path", "name"))
FILE_STATE = Kind("", ("path", "dest", "name"), ("state",))
PACKAGE = Kind("package", ("name", "pkg", "package"), ("version", "state"))
SERVICE = Kind("service", ("name",), ("state", "enabled"))
NAMED = Kind("", ("name",), ("state",))

DEFAULT = Kind(
    "",
    ("dest", "path", "name", "id", "resource_id", "instance_ids", "ids", "arn", "uuid"),
    ("version", "state"),
)

KINDS: dict[str, Kind] = {
    # files
    **dict.fromkeys(
        (
            "ansible.builtin.assemble", "ansible.builtin.blockinfile", "ansible.builtin.copy",
            "ansible.builtin.fetch", "ansible.builtin.lineinfile", "ansible.builtin.replace",
            "ansible.builtin.template", "ansible.builtin.unarchive", "ansible.posix.acl", "ansible.posix.patch",
            "ansible.posix.synchronize",
            "ansible.windows.win_copy", "ansible.windows.win_template", "community.crypto.openssl_csr",
            "community.crypto.openssl_privatekey", "community.crypto.x509_certificate", "community.general.archive",
            "community.general.ini_file", "community.general.iso_extract", "community.general.xml",
            "community.windows.win_lineinfile",
        ),
        FILE,
    ),
    "ansible.builtin.file": FILE_STATE,
    "ansible.windows.win_file": FILE_STATE,
    "ansible.builtin.tempfile": FILE,
    "ansible.builtin.get_url": FILE,
    "ansible.windows.win_get_url": FILE,
    "ansible.builtin.known_hosts": Kind("known host", ("name",), ("state",)),
    # packages
    **dict.fromkeys(
        (
            "ansible.builtin.apt", "ansible.builtin.dnf", "ansible.builtin.dnf5", "ansible.builtin.package",
            "ansible.builtin.pip", "ansible.builtin.yum", "ansible.windows.win_package",
            "chocolatey.chocolatey.win_chocolatey", "community.general.apk", "community.general.cargo",
            "community.general.composer", "community.general.flatpak", "community.general.gem",
            "community.general.homebrew", "community.general.homebrew_cask", "community.general.npm",
            "community.general.opkg", "community.general.pacman", "community.general.pipx", "community.general.pkgng",
            "community.general.portage", "community.general.snap", "community.general.zypper",
        ),
        PACKAGE,
    ),
    "ansible.builtin.apt_repository": Kind("repository", ("repo",), ("state",)),
    "ansible.builtin.yum_repository": Kind("repository", ("name", "repo"), ("state",)),
    "ansible.builtin.deb822_repository": Kind("repository", ("name", "dest"), ("state",)),
    "ansible.builtin.apt_key": Kind("key", ("id", "key_id"), ("state",)),
    "ansible.builtin.rpm_key": Kind("key", ("fingerprint",), ("state",)),
    "ansible.builtin.debconf": Kind("debconf", ("name", "pkg"), ("question",)),
    "ansible.builtin.dpkg_selections": Kind("package", ("name",), ("selection",)),
    # services and jobs
    **dict.fromkeys(
        (
            "ansible.builtin.service", "ansible.builtin.systemd", "ansible.builtin.systemd_service",
            "ansible.builtin.sysvinit", "ansible.windows.win_service", "community.general.monit",
            "community.general.runit", "community.general.supervisorctl",
        ),
        SERVICE,
    ),
    "ansible.builtin.cron": Kind("cron job", ("name", "cron_file"), ("state",)),
    "ansible.builtin.reboot": Kind("reboot", ("elapsed",)),
    "ansible.windows.win_reboot": Kind("reboot", ("elapsed",)),
    # accounts
    "ansible.builtin.user": Kind("user", ("name", "user"), ("state",)),
    "ansible.windows.win_user": Kind("user", ("name",), ("state",)),
    "ansible.builtin.group": Kind("group", ("name",), ("state",)),
    "ansible.posix.authorized_key": Kind("authorized keys of", ("user",), ("state",)),
    "community.general.sudoers": Kind("sudoers", ("name",), ("state",)),
    # the system
    "ansible.builtin.hostname": Kind("hostname", ("name",)),
    "ansible.posix.mount": Kind("mount", ("path", "name"), ("state", "fstype")),
    "ansible.posix.sysctl": Kind("sysctl", ("name",), ("value", "state")),
    "ansible.posix.selinux": Kind("selinux", ("state", "policy")),
    "ansible.posix.seboolean": Kind("seboolean", ("name",), ("state",)),
    "ansible.posix.firewalld": Kind("firewall", ("service", "port", "rich_rule", "source"), ("zone", "state")),
    "ansible.builtin.iptables": Kind("iptables", ("chain",), ("table", "protocol", "destination_port", "jump")),
    "community.general.ufw": Kind("ufw", ("rule", "state", "policy"), ("port", "proto")),
    "community.general.timezone": Kind("timezone", ("name",)),
    "community.general.modprobe": Kind("kernel module", ("name",), ("state",)),
    "community.general.alternatives": Kind("alternative", ("name",), ("path",)),
    "community.general.filesystem": Kind("filesystem", ("dev",), ("fstype", "state")),
    "community.general.lvol": Kind("volume", ("lv",), ("vg", "size", "state")),
    "community.general.lvg": Kind("volume group", ("vg",), ("state",)),
    "community.general.parted": Kind("partition", ("device",), ("number", "state")),
    # code and containers
    "ansible.builtin.git": Kind("", ("dest",), ("after",)),
    "ansible.builtin.subversion": Kind("", ("dest",), ("revision",)),
    "community.docker.docker_container": Kind("container", ("name",), ("image", "state")),
    "containers.podman.podman_container": Kind("container", ("name",), ("image", "state")),
    "community.docker.docker_image": Kind("image", ("name",), ("tag", "state")),
    "community.docker.docker_image_pull": Kind("image", ("name",), ("tag",)),
    "containers.podman.podman_image": Kind("image", ("name",), ("tag", "state")),
    "community.docker.docker_compose_v2": Kind("compose project", ("project_name", "project_src"), ("state",)),
    "community.docker.docker_network": Kind("network", ("name",), ("state",)),
    "community.docker.docker_volume": Kind("volume", ("name", "volume_name"), ("state",)),
    "community.docker.docker_stack": Kind("stack", ("name",), ("state",)),
    "community.docker.docker_swarm_service": Kind("service", ("name",), ("image", "state")),
    "kubernetes.core.k8s": Kind("", ("result.metadata.name", "name"), ("result.kind", "result.metadata.namespace")),
    "kubernetes.core.k8s_scale": Kind("", ("result.metadata.name", "name"), ("result.kind", "replicas")),
    "kubernetes.core.helm": Kind("release", ("release_name", "name"), ("chart_ref", "chart_version", "release_state")),
    # databases
    "community.postgresql.postgresql_db": Kind("database", ("db", "name"), ("state",)),
    "community.postgresql.postgresql_user": Kind("database user", ("user", "name"), ("state",)),
    "community.mysql.mysql_db": Kind("database", ("db", "name"), ("state",)),
    "community.mysql.mysql_user": Kind("database user", ("user", "name"), ("state",)),
    # clouds
    "amazon.aws.ec2_instance": Kind("instance", ("instance_ids", "name"), ("image_id", "instance_type", "state")),
    "amazon.aws.ec2_security_group": Kind("security group", ("group_id", "group_name", "name"), ("state",)),
    "amazon.aws.s3_bucket": Kind("bucket", ("name",), ("state",)),
    "amazon.aws.route53": Kind("record", ("record",), ("type", "state")),
    "amazon.aws.rds_instance": Kind("database", ("db_instance_identifier", "id"), ("engine_version", "state")),
    "amazon.aws.lambda": Kind("function", ("name", "configuration.function_name"), ("state",)),
    "amazon.aws.cloudformation": Kind("stack", ("stack_name",), ("state",)),
    "azure.azcollection.azure_rm_virtualmachine": Kind("virtual machine", ("name",), ("vm_size", "state")),
    "google.cloud.gcp_compute_instance": Kind("instance", ("name",), ("zone", "state")),
    "community.general.terraform": Kind("terraform", ("project_path",), ("workspace", "state")),
    # what these do stands in their arguments, which may hold secrets
    **dict.fromkeys(
        (
            "ansible.builtin.command", "ansible.builtin.shell", "ansible.builtin.raw", "ansible.builtin.script",
            "ansible.builtin.expect", "ansible.windows.win_command", "ansible.windows.win_shell",
            "ansible.windows.win_powershell", "ansible.builtin.uri", "ansible.windows.win_uri",
            "ansible.builtin.debug", "ansible.builtin.set_fact", "ansible.builtin.add_host", "ansible.builtin.group_by",
            "ansible.builtin.async_status", "ansible.builtin.setup", "ansible.builtin.gather_facts",
            "ansible.builtin.include_vars", "ansible.builtin.set_stats",
        ),
        NOTHING,
    ),
}  # fmt: skip


def thing(action: str, data: Mapping[str, Any], arguments: Arguments) -> str | None:
    """Return the target of a module, from its result or its arguments; None if neither names it.

    Args:
        action: the module's full name.
        data: the result of the module, or of one item of its loop.
        arguments: returns arguments by name.
    """
    kind = KINDS.get(_canonical(action), DEFAULT)
    wanted = (*kind.names, *kind.details)
    if not wanted:
        return None
    given = arguments(wanted)
    look = _finder(data, given)
    name = next((text for key in kind.names if (text := look(key))), None)
    if name is None:
        return None
    details = [text for key in kind.details if (text := look(key)) and text != name]
    spelled = f"{kind.word} {name}" if kind.word else name
    return f"{spelled} ({', '.join(details)})" if details else spelled


def path(data: Mapping[str, Any], arguments: Arguments) -> str:
    """Return the file that a task concerns, if any: a check run names it in its arguments only.

    Takes the arguments of :func:`thing`; empty if neither result nor arguments name a file.
    """
    keys = ("dest", "path")
    look = _finder(data, arguments(keys))
    return next((text for key in keys if (text := look(key))), "")


def _canonical(action: str) -> str:
    return "ansible.builtin." + action.removeprefix("ansible.legacy.") if "ansible.legacy." in action else action


def _finder(data: Mapping[str, Any], given: Mapping[str, Any]) -> Callable[[str], str | None]:
    invocation = data.get("invocation")
    inner = invocation.get("module_args") if isinstance(invocation, Mapping) else None
    sources = (data, inner if isinstance(inner, Mapping) else {}, given)

    def look(key: str) -> str | None:
        for source in sources:
            if text := _readable(key, _reached(source, key)):
                return text
        return None

    return look


def _reached(source: Any, key: str) -> Any:
    for step in key.split("."):
        source = source.get(step) if isinstance(source, Mapping) else None
    return source


def _readable(key: str, value: Any) -> str | None:
    """Return a value as one or a few words; None if it is not a name."""
    if isinstance(value, (list, tuple)):
        words = [word for part in value if (word := _readable(key, part))]
        more = len(words) - MOST_NAMES
        return ", ".join(words[:MOST_NAMES]) + (f" and {more} more" if more > 0 else "") or None
    if isinstance(value, bool):
        return (key if value else f"not {key}") if key == "enabled" else None
    if not isinstance(value, (str, int, float)):
        return None
    text = str(value)
    if key == "after":  # of a commit, as much as a reader needs
        text = text[:10]
    usable = 0 < len(text) <= LONGEST and text.isprintable() and "{{" not in text
    return text if usable else None
