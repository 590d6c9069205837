"""A checksum in the header of a safetensors file, so that a file whose content has changed is noticed.

The format has room for texts in its header (`__metadata__`); other programs that read the file ignore them. The
checksum is the SHA-256 of the rest of the header and of the numbers. Files of earlier versions have none.
"""

import hashlib
import json
from typing import Any

LENGTH = 8
"""The bytes at the beginning of a file that hold the length of the header, the lowest byte first."""

ALIGNMENT = 8
"""The header is filled with spaces to a multiple of so many bytes."""

METADATA, CHECKSUM = "__metadata__", "sha256"


def with_checksum(content: bytes) -> bytes:
    """A safetensors file with a checksum in its header."""
    header, numbers = _parts(content)
    header[METADATA] = {**header.get(METADATA, {}), CHECKSUM: _checksum(header, numbers)}
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % ALIGNMENT)
    return len(text).to_bytes(LENGTH, "little") + text + numbers


def has_wrong_checksum(content: bytes) -> bool:
    """Whether a safetensors file has a checksum that is not that of its content.

    Raises:
        ValueError: if it is not a safetensors file.
    """
    header, numbers = _parts(content)
    metadata = header.get(METADATA)
    if not isinstance(metadata, dict) or CHECKSUM not in metadata:
        return False
    return bool(metadata[CHECKSUM] != _checksum(header, numbers))


def _parts(content: bytes) -> tuple[dict[str, Any], bytes]:
    """The header and the numbers of a file."""
    end = LENGTH + int.from_bytes(content[:LENGTH], "little")
    header = json.loads(content[LENGTH:end])
    if not isinstance(header, dict):
        raise ValueError("the header of a safetensors file must be an object")
    return header, content[end:]


def _checksum(header: dict[str, Any], numbers: bytes) -> str:
    tensors = {name: about for name, about in header.items() if name != METADATA}
    found = hashlib.sha256(json.dumps(tensors, sort_keys=True).encode())
    found.update(numbers)
    return found.hexdigest()
