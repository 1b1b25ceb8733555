"""A page becomes a PDF of numbered pages whose tables are not cut; without Pango it says why."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pypdfium2
import pytest
from PIL import ImageFile

from inspect_pipeline.errors import PdfUnavailable
from inspect_pipeline.reports.plant.page import Heading, rendered
from inspect_pipeline.reports.plant.printing import pdf_of
from inspect_pipeline.reports.plant.wording import Language, Wording

NOON = datetime(2026, 3, 30, 12, tzinfo=UTC)


def printed(title: str, language: Language) -> bytes:
    facts = {"title": title, "subtitle": "—", "since": NOON, "until": NOON}
    words = Wording(language, ZoneInfo("Europe/Berlin"))
    heading = Heading(plant="Mill", created_at=NOON, paper="A4")
    page = rendered("plant_base.html.j2", facts, words, heading)
    rows = "".join(f"<tr><td>{number}</td></tr>" for number in range(200))
    table = f"<table><thead><tr><th>No.</th></tr></thead><tbody>{rows}</tbody></table>"
    try:
        return pdf_of(page.replace("<footer", f"{table}<footer", 1))
    except PdfUnavailable as error:
        pytest.skip(str(error))


def test_long_tables_begin_again_with_their_heads_on_numbered_pages() -> None:
    document = pypdfium2.PdfDocument(printed("Daily report", Language.ENGLISH))

    texts = [page.get_textpage().get_text_range() for page in document]
    assert [round(side) for side in document[0].get_size()] == [595, 842]  # A4 in points
    assert len(texts) > 3
    assert ["No." in text for text in texts[:3]] == [True] * 3
    assert [f"{number} / {len(texts)}" in text for number, text in enumerate(texts, 1)] == [
        True
    ] * len(texts)
    document.close()


@pytest.mark.parametrize("title", ["シフト報告書", "Prüfgröße überschritten"])
def test_letters_of_every_language_are_in_the_pdf(title: str) -> None:
    document = pypdfium2.PdfDocument(printed(title, Language.JAPANESE))

    assert title in document[0].get_textpage().get_text_range()
    document.close()


def test_printing_does_not_let_half_a_picture_pass_for_a_whole_one() -> None:
    """WeasyPrint asks Pillow for that, for the whole process."""
    printed("Daily report", Language.ENGLISH)

    assert not ImageFile.LOAD_TRUNCATED_IMAGES
