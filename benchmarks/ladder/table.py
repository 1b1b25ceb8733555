"""The ladder's results as tables: one line per variant, mean and spread over its seeds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import mean, stdev
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table

Run = dict[str, Any]
FIGURES = ("image_AUROC", "image_AP", "pixel_AUROC", "pixel_AP", "AUPRO")
FIDELITY = ("MSE", "SSIM", "MS_SSIM", "perceptual", "perceptual_backbone")
UNDEFINED = "-"


def tables(runs: Sequence[Run], name: str) -> list[Table]:
    """Accuracy, calibration and, where any run measured it, fidelity."""
    made = [_accuracy(runs, f"{name}: accuracy"), _calibration(runs, f"{name}: calibration")]
    measured = [run for run in runs if run["fidelity"] is not None]
    return [*made, _fidelity(measured, f"{name}: restored good parts")] if measured else made


def spread(values: Sequence[float | None], digits: int = 3) -> str:
    """`0.812 ±0.004` over seeds; a dash where the figure is not defined."""
    known = [value for value in values if value is not None]
    if not known:
        return UNDEFINED
    told = f"{mean(known):.{digits}f}"
    return f"{told} ±{stdev(known):.{digits}f}" if len(known) > 1 else told


def _accuracy(runs: Sequence[Run], title: str) -> Table:
    table = _table(title, "seeds", *(name.replace("_", " ") for name in FIGURES), "s each")
    for variant, of_variant in _by_variant(runs):
        cells = [spread([run["figures"][name] for run in of_variant]) for name in FIGURES]
        took_s = spread([run["seconds_per_picture"] for run in of_variant])
        table.add_row(variant, str(len(of_variant)), *cells, took_s)
    return table


def _calibration(runs: Sequence[Run], title: str) -> Table:
    """Realised false alarms with their interval: `!` where it lies wholly above the budget."""
    budgets = [one["budget"] for one in runs[0]["calibration"]]
    headers = [(f"false alarms at {budget:.0%}", "detected") for budget in budgets]
    table = _table(title, *(header for pair in headers for header in pair))
    for variant, of_variant in _by_variant(runs):
        cells = []
        for number in range(len(budgets)):
            at = [run["calibration"][number] for run in of_variant]
            cells += [_alarms(at), _percent(one["detections"]["share"] for one in at)]
        table.add_row(variant, *cells)
    return table


def _fidelity(runs: Sequence[Run], title: str) -> Table:
    shown = [name for name in FIDELITY if any(name in run["fidelity"] for run in runs)]
    table = _table(title, *(name.replace("_", " ") for name in shown))
    for variant, of_variant in _by_variant(runs):
        cells = [spread([run["fidelity"].get(name) for run in of_variant], 4) for name in shown]
        table.add_row(variant, *cells)
    return table


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD)
    table.add_column("variant", no_wrap=True)
    for column in columns:
        table.add_column(column, justify="right")
    return table


def _alarms(at: Sequence[dict[str, Any]]) -> str:
    """Mean share; the ends are the outermost of the seeds' intervals."""
    shares = [one["false_alarms"]["share"] for one in at]
    if any(share is None for share in shares):
        return UNDEFINED
    low, high = (
        pick(100 * one["false_alarms"][end] for one in at)
        for pick, end in ((min, "low"), (max, "high"))
    )
    told = f"{mean(shares):.1%} ({low:.1f}-{high:.1f})"
    return told if all(one["holds"] for one in at) else f"{told} !"


def _percent(shares: Iterable[float | None]) -> str:
    known = [share for share in shares if share is not None]
    return f"{mean(known):.1%}" if known else UNDEFINED


def _by_variant(runs: Sequence[Run]) -> list[tuple[str, list[Run]]]:
    """In the order of first appearance."""
    grouped: dict[str, list[Run]] = {}
    for run in runs:
        grouped.setdefault(run["variant"], []).append(run)
    return list(grouped.items())
