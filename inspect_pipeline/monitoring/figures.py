"""The figures of lamp and lens: words, how much each may change, what to look at first."""

from __future__ import annotations

from dataclasses import astuple, dataclass

from inspect_pipeline.records import InputFigures
from plant_config.monitoring import Monitoring

FIRST = "before any threshold is touched"


@dataclass(frozen=True, kw_only=True)
class Figure:
    """`is_share`: a change counts as a share of what was, else in the figure's own unit."""

    name: str
    words: str
    unit: str
    setting: str  # its key in [monitoring]
    is_share: bool
    if_lower: str
    if_higher: str

    def allowed(self, reference: float, settings: Monitoring) -> float:
        """How far it may move, in its own unit."""
        allowed = float(getattr(settings, self.setting))
        return allowed * abs(reference) if self.is_share else 100.0 * allowed

    def moved(self, was: float, found: float) -> str:
        """`fell by 18 % (from 128 to 105 grey levels)`."""
        verb = "fell" if found < was else "rose"
        by = f"{abs(found - was):.1f} points"
        if self.is_share and was:
            by = f"{100.0 * abs(found / was - 1.0):.0f} %"
        return f"{verb} by {by} (from {was:.1f} to {found:.1f} {self.unit})"

    def advice(self, was: float, found: float) -> str:
        return f"{self.if_lower if found < was else self.if_higher}, {FIRST}"


FIGURES = (
    Figure(
        name="brightness",
        words="brightness",
        unit="grey levels",
        setting="brightness_change",
        is_share=True,
        if_lower="check the lamp, its supply and dirt on it, then exposure and aperture",
        if_higher="check the lamp's setting, exposure, and light from outside",
    ),
    Figure(
        name="contrast",
        words="contrast",
        unit="%",
        setting="contrast_change",
        is_share=True,
        if_lower="look for mist, oil or dust on the lens and for stray light",
        if_higher="check the direction of the lamp, and whether the parts look as before",
    ),
    Figure(
        name="focus",
        words="focus",
        unit="%",
        setting="focus_change",
        is_share=True,
        if_lower="check the focus ring, the distance to the part, and oil or dust on the lens",
        if_higher="check the distance to the part, and whether its surface is as before",
    ),
    Figure(
        name="shading",
        words="shading towards the edges",
        unit="%",
        setting="shading_change",
        is_share=False,
        if_lower="check where the lamp points, and light from outside",
        if_higher="check where the lamp points, and that nothing stands before lamp or lens",
    ),
    Figure(
        name="darkest_spot",
        words="the darkest spot",
        unit="%",
        setting="spot_change",
        is_share=False,
        if_lower="a spot that was there is gone: if that is right, run `cameras accept`",
        if_higher="look for dirt at one place of the lens, its cover glass or the lamp",
    ),
    Figure(
        name="clipped",
        words="the share of pixels at 0 or 255",
        unit="%",
        setting="clipped_change",
        is_share=False,
        if_lower="check the lamp's setting and the exposure",
        if_higher="check exposure, the lamp's setting and reflections",
    ),
)


def in_order(figures: InputFigures) -> tuple[float, ...]:
    """In the order of FIGURES."""
    return astuple(figures)
