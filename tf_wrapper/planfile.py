"""What a saved plan file tells without terraform: whether it is one, and which version wrote it."""

from __future__ import annotations

_ZIP = b"PK\x03\x04"
_VERSION_FIELD = 14  # terraform_version in the plan's protocol buffer (planproto/planfile.proto)
_CHANGE_FIELDS = {3, 4}  # resource_changes and output_changes of the same message
_LENGTH_DELIMITED = 2
_VARINT = 0
_WIDTHS = {1: 8, 5: 4}


def is_plan_file(path: str) -> bool:
    """True for a plan file; False for an HCP Terraform bookmark, a directory, anything else or nothing."""
    try:
        with open(path, "rb") as file:
            return file.read(4) == _ZIP
    except OSError:
        return False


def is_bookmark(path: str) -> bool:
    """True for the small JSON file that HCP Terraform saves instead of a plan."""
    try:
        with open(path, "rb") as file:
            return b'"remote_plan_format"' in file.read(4096)
    except OSError:
        return False


def written_by(path: str) -> str | None:
    """Version of the terraform that wrote the plan, or None where it cannot be told."""
    found = _fields(path).get(_VERSION_FIELD)
    return found.decode("ascii", "replace") if found else None


def holds_changes(path: str) -> bool:
    """Whether the plan has any change of a resource (no-ops count) or of an output.

    False where there is no plan, True where there is one that cannot be read.
    """
    fields = _fields(path)
    return bool(_CHANGE_FIELDS & set(fields)) if fields else is_plan_file(path)


def _fields(path: str) -> dict[int, bytes]:
    """The plan's own fields that hold text or messages, by number (of repeated ones the first); empty if unreadable."""
    import zipfile

    try:
        with zipfile.ZipFile(path) as archive:
            return _messages(archive.read("tfplan"))
    except (OSError, KeyError, ValueError, IndexError, zipfile.BadZipFile):
        return {}


def _messages(data: bytes) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    position = 0
    while position < len(data):
        tag, position = _varint(data, position)
        kind = tag & 7
        if kind == _VARINT:
            _, position = _varint(data, position)
        elif kind == _LENGTH_DELIMITED:
            length, position = _varint(data, position)
            found.setdefault(tag >> 3, data[position : position + length])
            position += length
        else:
            position += _WIDTHS[kind]
    return found


def _varint(data: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:  # noqa: PLR2004 - the continuation bit
            return value, position


_JSON_INTO = (1, 12)  # the OpenTofu that brought it (opentofu/opentofu pull request 3606)


def has_json_into(binary: str, version: str | None) -> bool:
    """Whether that binary is an OpenTofu that writes its stream to a file beside the human text (``-json-into``).

    Args:
        binary: path; a tofu is told by its name.
        version: of the saved plan it has written.
    """
    if not binary.rpartition("/")[2].startswith("tofu") or not version:
        return False
    numbers = version.partition("-")[0].split(".")[:2]
    return all(number.isdigit() for number in numbers) and tuple(int(number) for number in numbers) >= _JSON_INTO


def streams_applies(version: str | None) -> bool:
    """Whether that version's `apply -json` of a saved plan can be read: 1.0 and later, and unknown ones."""
    major = (version or "1").split(".", 1)[0]
    return not (major.isdigit() and int(major) < 1)
