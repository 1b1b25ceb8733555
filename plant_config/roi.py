"""What inspection costs at this plant: the table behind the report of what the system saves."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from plant_config.section import Section

Cost = Annotated[float, Field(ge=0, le=1e9)]


class Roi(Section):
    """Money is in `currency`; whoever fills this in decides what the report can say."""

    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] = Field(
        description="Currency of all costs, three letters such as EUR, JPY or USD."
    )
    hand_minutes_per_part: Annotated[float, Field(ge=0, le=1440)] = Field(
        description="Minutes that a person needs to inspect one part by hand."
    )
    wage_per_hour: Cost = Field(description="What an hour of an inspector costs, all included.")
    escape_cost: Cost = Field(
        description="What one defective part costs that leaves the line: sorting, returns, claims."
    )
    false_call_cost: Cost = Field(
        description="What one good part costs that is called defective: looking again, scrap."
    )
    review_minutes_per_finding: Annotated[float, Field(ge=0, le=1440)] = Field(
        default=0.5, description="Minutes that a person needs to judge one finding."
    )
    hand_escape_rate: Annotated[float, Field(ge=0, le=1)] | None = Field(
        default=None,
        description=(
            "Share of the defective parts that inspection by hand lets through, where it was "
            "measured. Without it the report does not compare escapes."
        ),
    )
    hardware_cost: Cost = Field(
        default=0.0, description="Cameras, lights, computers and setting up, once."
    )
    hardware_years: Annotated[float, Field(gt=0, le=50)] = Field(
        default=5.0, description="Over how many years that cost is spread."
    )
    running_cost_per_year: Cost = Field(
        default=0.0, description="Upkeep of the system in a year: service, power, people."
    )
    period_days: Annotated[int, Field(ge=1, le=3660)] = Field(
        default=30, description="How many days the report covers, unless asked otherwise."
    )
