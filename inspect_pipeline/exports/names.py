"""Names for files and folders made of what people and cameras wrote."""

from __future__ import annotations

import hashlib
import re

LONGEST = 60
_UNSAFE = re.compile(r"[^A-Za-z0-9_-]+")
_DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)", re.IGNORECASE)


def safe_name(written: str) -> str:
    """A name that every file system takes and that leads nowhere else.

    What had to be changed gets a few digits of its hash, so that two words never share a name.
    """
    plain = _UNSAFE.sub("-", written)[:LONGEST].strip("-")
    if plain and plain == written and not _DEVICES.fullmatch(plain):
        return plain
    digits = hashlib.sha256(written.encode("utf-8", "surrogatepass")).hexdigest()[:6]
    return f"{plain}-{digits}" if plain else digits
