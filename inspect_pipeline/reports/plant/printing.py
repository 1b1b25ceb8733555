"""A page to a PDF. WeasyPrint draws it with Pango, a library of the system."""

from __future__ import annotations

import sys

from PIL import ImageFile

from inspect_pipeline.errors import PdfUnavailable

_MISSING = (
    "no PDF can be made here: {reason}. Install Pango, on Debian and Ubuntu `apt-get install "
    "libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0`, on Fedora `dnf install pango`, or say "
    "`pdf = false` in [reports] of the plant file: the page prints from any browser"
)


def pdf_of(page: str) -> bytes:
    """The page on paper; nothing but the page itself is read. Raises PdfUnavailable."""
    refuses_half = not ImageFile.LOAD_TRUNCATED_IMAGES
    try:
        from weasyprint import HTML
        from weasyprint.urls import URLFetcher
    except OSError as error:  # the package is there, the library of the system is not
        for name in [name for name in sys.modules if name.split(".")[0] == "weasyprint"]:
            del sys.modules[name]  # half imported: the next try says the same as this one
        reason = str(error).splitlines()[0]
        raise PdfUnavailable(_MISSING.format(reason=reason)) from error
    finally:
        if refuses_half:  # WeasyPrint makes all of the process take half a picture for a whole one
            ImageFile.LOAD_TRUNCATED_IMAGES = False
    fetcher = URLFetcher(allowed_protocols=["data"])
    written: bytes = HTML(string=page, url_fetcher=fetcher).write_pdf()
    return written
