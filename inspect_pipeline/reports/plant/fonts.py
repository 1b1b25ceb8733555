"""The fonts of a report, cut down to the letters it uses, inside its own style sheet.

No plant computer needs a font for Japanese, and a report looks the same on every one of them.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from functools import lru_cache
from html import unescape
from io import BytesIO
from pathlib import Path
from typing import Final

from fontTools.subset import Options, Subsetter, load_font, save_font

FAMILY: Final = "Report Sans"
FONTS: Final = Path(__file__).parent / "fonts"
_WEIGHTS: Final = {400: "NotoSansJP-Regular.woff2", 700: "NotoSansJP-Bold.woff2"}
_ALWAYS: Final = "0123456789 /·.,"  # page numbers are counted after the letters are


def font_faces(page: str) -> str:
    """Rules of a style sheet that bring every letter of the page that the fonts know."""
    letters = frozenset(unescape(page)) | frozenset(_ALWAYS)
    return "\n".join(_faces("".join(sorted(letters))))


@lru_cache(maxsize=8)
def _faces(letters: str) -> tuple[str, ...]:
    """The last are kept: reports in a row use the same letters, and cutting takes a moment."""
    return tuple(_face_rules(letters))


def _face_rules(letters: str) -> Iterator[str]:
    for weight, file in _WEIGHTS.items():
        content = base64.b64encode(_cut(FONTS / file, letters)).decode("ascii")
        yield (
            f'@font-face {{ font-family: "{FAMILY}"; font-weight: {weight}; '
            f'src: url("data:font/woff2;base64,{content}") format("woff2"); }}'
        )


def _cut(path: Path, letters: str) -> bytes:
    options = Options(flavor="woff2", layout_features=["kern", "palt", "tnum", "locl"])
    options.notdef_outline = True
    options.drop_tables += ["vhea", "vmtx", "VORG", "BASE"]
    written = BytesIO()
    with load_font(str(path), options) as font:
        subsetter = Subsetter(options)
        subsetter.populate(text=letters)
        subsetter.subset(font)
        save_font(font, written, options)
    return written.getvalue()
