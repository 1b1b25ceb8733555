"""Composition root: settings in, working parts out. The only file that knows all of them.

What is heavy is imported by what needs it: the process of a camera has no use for networks.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from db import models
from inspect_pipeline.service.ledger import Ledger
from plant_config.part import Part
from plant_config.plant import Plant

if TYPE_CHECKING:
    from inspect_pipeline.inspector import Inspector


def build_inspector(models: Path, part: Part) -> Inspector:
    """Loads the part's bundle; its errors say which file and what to do."""
    from inspect_pipeline.bundle import load_bundle
    from inspect_pipeline.capture.reading import read_picture
    from inspect_pipeline.inspector import Inspector

    said = part.fitness.reference if part.fitness else None
    reference = read_picture(said) if said is not None else None
    return Inspector(load_bundle(models, part.name), part, reference=reference)


def meet_plant(ledger: Ledger, plant: Plant) -> None:
    """What the plant file says of the plant goes into the database, for its questions."""
    ledger.meet_plant(
        plant.name,
        plant.timezone,
        shifts=plant.schedule.written_shifts,
        lines=[line.id for line in plant.lines],
        parts=[
            models.Part(part=part.name, mm_per_px=part.mm_per_px, false_alarms=part.false_alarms)
            for part in plant.parts
        ],
    )


def register_model(ledger: Ledger, inspector: Inspector) -> None:
    """The model's card goes into the database before its first inspection."""
    model = inspector.model
    ledger.register_model(inspector.standard.model_id, model.part, model_card(inspector))


def model_card(inspector: Inspector) -> dict[str, object]:
    """What the model says of itself to the database.

    It says the budget and the limits that frames are judged by, which the plant file may have set,
    and not those of the bundle.
    """
    from inspect_pipeline.bundle import CALIBRATION_FIGURES

    model, promise = inspector.model, inspector.calibration.guarantee()
    judged_by = {
        "held_out_pictures": promise.pictures,
        "false_alarm_budget": promise.budget,
        "false_alarm_rate_upper_95": round(promise.upper_rate, 4),
        "trust": inspector.calibration.trust,
        "limits": inspector.limits.to_dict(),
    }
    stored = model.card.get(CALIBRATION_FIGURES, {})
    return {**model.card, CALIBRATION_FIGURES: {**stored, **judged_by}}
