"""What pages call the figures of a camera's pictures."""

from __future__ import annotations

from dataclasses import dataclass

from db.input_health import WatchRow


@dataclass(frozen=True, kw_only=True)
class FigureTitle:
    """`says` is what it means for somebody who sets lamp and lens."""

    name: str
    title: str
    unit: str
    says: str


TITLES = (
    FigureTitle(
        name="brightness",
        title="Brightness",
        unit="grey level",
        says="Mean of the picture, 0 to 255: the lamp",
    ),
    FigureTitle(
        name="contrast",
        title="Contrast",
        unit="%",
        says="From the darkest to the brightest twentieth: mist, oil, stray light",
    ),
    FigureTitle(name="focus", title="Focus", unit="%", says="Fine detail: the lens"),
    FigureTitle(
        name="shading",
        title="Shading",
        unit="%",
        says="How much darker the edges are than the middle: where the lamp points",
    ),
    FigureTitle(
        name="darkest_spot",
        title="Darkest spot",
        unit="%",
        says="How much darker than the usual patch: dirt at one place",
    ),
    FigureTitle(
        name="clipped",
        title="Clipped",
        unit="%",
        says="Pixels at 0 or 255, which show nothing: exposure",
    ),
    FigureTitle(
        name="score",
        title="Score of good parts",
        unit="raw",
        says="What the model says of frames that passed: look at the others first",
    ),
)
_TROUBLES = {
    **{one.name: one.title.lower() for one in TITLES},
    "score": "the score of good parts",
    "unfit_share": "the share of unfit frames",
}


def camera_trouble(camera: WatchRow) -> str:
    """`brightness and focus are not as they were`; "" where nothing is wrong."""
    names = [_TROUBLES[name] for name in camera.out]
    if not names:
        return ""
    verb = "are" if len(names) > 1 else "is"
    return f"{' and '.join(names)} {verb} not as when all was well"
