"""Words, numbers and times in the reader's language: message catalogues and Babel."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_datetime, format_skeleton
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_currency, format_decimal, format_percent
from babel.support import NullTranslations, Translations


class Language(StrEnum):
    ENGLISH = "en"
    GERMAN = "de"
    JAPANESE = "ja"


CATALOGUES = Path(__file__).parent / "catalogues"
LOCALES: Final = {
    Language.ENGLISH: "en_GB",
    Language.GERMAN: "de_DE",
    Language.JAPANESE: "ja_JP",
}
NOTHING: Final = "\N{EN DASH}"
_SIGNED: Final = "+#,##0.00;\N{MINUS SIGN}#,##0.00"
_FEW = 0.001  # below a tenth of a per cent a share needs more digits


def catalogue(language: str) -> Catalog:
    """The messages of a language; English is what the templates say themselves."""
    with (CATALOGUES / f"{language}.po").open("rb") as file:
        return read_po(file, locale=language)


@cache
def translations(language: str) -> NullTranslations:
    if language == "en":
        return NullTranslations()
    made = BytesIO()
    write_mo(made, catalogue(language))
    made.seek(0)
    return Translations(made)


class Wording:
    """How a report in one language writes, with the plant's clock."""

    def __init__(self, language: str, zone: ZoneInfo) -> None:
        self.language = language
        self.zone = zone
        self.locale = Locale.parse(LOCALES[Language(language)])
        self._messages = translations(language)

    def gettext(self, message: str) -> str:
        return str(self._messages.ugettext(message))

    def ngettext(self, one: str, many: str, count: int) -> str:
        return str(self._messages.ungettext(one, many, count))

    def number(self, value: float | None, digits: int = 0) -> str:
        """At most so many digits after the point."""
        if value is None:
            return NOTHING
        pattern = "#,##0." + "#" * digits if digits else "#,##0"
        return str(format_decimal(value, format=pattern, locale=self.locale))

    def share(self, value: float | None) -> str:
        """A share as per cent; small ones keep a digit that says something."""
        if value is None:
            return NOTHING
        digits = 0 if value in (0, 1) else 3 if 0 < abs(value) < _FEW else 2
        if abs(value) >= 0.1 and value != 1:
            digits = 1
        pattern = _percent_pattern(self.locale, digits)
        return str(format_percent(value, format=pattern, locale=self.locale))

    def interval(self, ends: tuple[float, float] | None) -> str:
        """From the one share to the other."""
        return NOTHING if ends is None else f"{self.share(ends[0])} {NOTHING} {self.share(ends[1])}"

    def tick(self, value: float) -> str:
        """A round share below an axis, without digits that are nothing."""
        pattern = _percent_pattern(self.locale, 2)
        return str(format_percent(value, format=pattern, locale=self.locale))

    def points(self, value: float) -> str:
        """A difference of shares in percentage points, with its sign."""
        return str(format_decimal(100 * value, format=_SIGNED, locale=self.locale))

    def money(self, value: float, currency: str) -> str:
        """Whole units: cents would claim what nobody knows."""
        pattern = self.locale.currency_formats["standard"].pattern.replace(".00", "")
        written = format_currency(
            value, currency, format=pattern, locale=self.locale, currency_digits=False
        )
        return str(written)

    def when(self, moment: datetime) -> str:
        """Day and minute on the plant's clock."""
        day = format_date(moment.astimezone(self.zone), "medium", locale=self.locale)
        return f"{day} {self.clock(moment)}"

    def day(self, moment: datetime) -> str:
        """The day on the plant's clock, in full."""
        return str(format_date(moment.astimezone(self.zone), "full", locale=self.locale))

    def short_day(self, moment: datetime) -> str:
        """Day and month, as below an axis."""
        return str(format_skeleton("MMMd", moment, tzinfo=self.zone, locale=self.locale))

    def clock(self, moment: datetime) -> str:
        return str(format_datetime(moment, "HH:mm", tzinfo=self.zone, locale=self.locale))


def _percent_pattern(locale: Locale, digits: int) -> str:
    """The locale's own way with per cents, with at most so many digits."""
    usual = str(locale.percent_formats[None].pattern)
    return usual.replace("#,##0", "#,##0." + "#" * digits) if digits else usual
