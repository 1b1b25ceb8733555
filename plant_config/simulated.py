"""What goes wrong at a simulated camera, for demonstrations, tests and training of people."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from plant_config.section import Section


class SimulatedFault(Section):
    """One [[cameras.faults]] block of a simulated camera."""

    kind: Literal[
        "stall",
        "slow",
        "drop",
        "duplicate",
        "corrupt",
        "dark",
        "blurred",
        "lens_dirt",
        "frozen",
    ] = Field(description="What goes wrong, such as drop, dark or lens_dirt.")
    first: int = Field(default=0, ge=0, description="The number of the first shot that it may hit.")
    shots: int | None = Field(
        default=None, ge=1, description="How many shots it may hit; leave out for all that follow."
    )
    rate: float = Field(
        default=1.0, ge=0.0, le=1.0, description="Probability, 0 to 1, that it hits such a shot."
    )
    seconds: float = Field(
        default=1.0, ge=0.0, le=86_400.0, description="How long a stall takes, or a slow shot."
    )
