"""Reports of a plant: their languages and paper, which are made when, and who gets them."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from plant_config.cron import CronTimes
from plant_config.section import Identifier, Problem, Section, refuse

Language = Literal["en", "de", "ja"]


class ReportMade(Section):
    """One report that is made by itself."""

    kind: Literal["shift", "day", "week", "roi"] = Field(
        description="shift, day, week, or roi (what the system is worth)."
    )
    cron: CronTimes | None = Field(
        default=None,
        description=(
            "When it is made, on the plant's clock, about what ended last before; without it as "
            "soon as the shift, day or week is over. roi needs one."
        ),
    )
    line: Identifier | None = Field(
        default=None, description="Only this line; without it the whole plant."
    )
    languages: Annotated[tuple[Language, ...], Field(strict=False)] = Field(
        default=(), description="In these languages; without them, those of [reports]."
    )
    channels: Annotated[tuple[Identifier, ...], Field(strict=False)] = Field(
        default=(), description="Names of the channels that it is sent to."
    )

    @model_validator(mode="after")
    def _check_time(self) -> Self:
        if self.kind == "roi" and self.cron is None:
            reason = 'is needed: no period ends by itself, write such as "0 7 1 * *"'
            refuse([Problem(key="cron", reason=reason)])
        return self


class Reports(Section):
    languages: Annotated[tuple[Language, ...], Field(strict=False, min_length=1)] = Field(
        default=("en",), description="Languages of the reports: en, de, ja."
    )
    paper: Literal["A4", "A3", "letter"] = Field(
        default="A4", description="Paper of the PDF: A4, A3 or letter."
    )
    pdf: bool = Field(
        default=True,
        description="Whether a PDF is made beside the page; it needs Pango on the computer.",
    )
    made: Annotated[tuple[ReportMade, ...], Field(strict=False)] = Field(
        default=(),
        description="Reports that are made by themselves, one [[reports.made]] block each.",
    )
