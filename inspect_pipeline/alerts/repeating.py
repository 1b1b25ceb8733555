"""The same place again and again: on a web at the pitch of a roll, on parts at one position.

The statistics are those of db.questions.pitches. They are asked after each new finding, of the
findings near it across the web. Rolls that the plant file names are tried first: with so few
pitches to try, three marks are enough; without them four are.
"""

from __future__ import annotations

import math
from collections import defaultdict, deque
from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np

from db.questions.pitches import PitchSearch, Repeat, binomial_tail, find_repeats
from db.words import Severity, Verdict
from inspect_pipeline.alerts.history import Call, SeenFinding, Spot
from plant_config.alerts import RepeatRule

FEWEST_OF_KNOWN = 3
MOST_TOGETHER = 300  # findings that one look compares; more are a burst, not a repeat


def repeat_calls(
    rule: RepeatRule, findings: Sequence[SeenFinding], *, after: datetime
) -> list[Call]:
    """A call per finding that belongs to a repeat; what came before `after` is only compared."""
    recent: dict[Spot, deque[SeenFinding]] = defaultdict(deque)
    calls = []
    for one in findings:
        if one.verdict is Verdict.REJECTED:
            continue
        seen = recent[one.spot]
        while seen and seen[0].taken_at < one.taken_at - timedelta(minutes=rule.within_minutes):
            seen.popleft()
        if len(seen) >= MOST_TOGETHER:
            seen.popleft()
        seen.append(one)
        if one.taken_at > after:
            call = _web_call(rule, one, seen) if one.web_mm is not None else None
            if one.web_mm is None:
                call = _part_call(rule, one, seen)
            calls += [call] if call is not None else []
    return calls


def _web_call(rule: RepeatRule, newest: SeenFinding, seen: Sequence[SeenFinding]) -> Call | None:
    near = [
        one
        for one in seen
        if one.web_mm is not None and abs(one.across_mm - newest.across_mm) <= rule.across_mm
    ]
    if len(near) < min(FEWEST_OF_KNOWN, rule.fewest):
        return None
    assert newest.web_mm is not None
    furthest_mm = (rule.fewest + 8) * rule.pitch_max_mm
    near = [one for one in near if abs((one.web_mm or 0.0) - newest.web_mm) <= furthest_mm]
    positions = np.array([one.web_mm for one in near], dtype=np.float64)
    bands = max(1, len({round(one.across_mm / rule.across_mm) for one in seen}))
    for roll, search in _searches(rule):
        p_limit = rule.alpha / 2 / (bands * max(1, search.pitches_mm.size))
        if roll is not None:
            p_limit /= len(rule.rolls)
        for repeat in find_repeats(positions, search, p_limit=p_limit):
            if near.index(newest) in repeat.marks:
                return _told(rule, newest, repeat, [near[at] for at in repeat.marks], roll)
    return None


def _searches(rule: RepeatRule) -> list[tuple[str | None, PitchSearch]]:
    known = [
        (
            roll.name,
            PitchSearch(
                pitch_min_mm=roll.circumference_mm - rule.tolerance_mm,
                pitch_max_mm=roll.circumference_mm + rule.tolerance_mm,
                tolerance_mm=rule.tolerance_mm,
                fewest=FEWEST_OF_KNOWN,
            ),
        )
        for roll in rule.rolls
    ]
    anyone = PitchSearch(
        pitch_min_mm=rule.pitch_min_mm,
        pitch_max_mm=rule.pitch_max_mm,
        tolerance_mm=rule.tolerance_mm,
        fewest=rule.fewest,
    )
    return [*known, (None, anyone)]


def _told(
    rule: RepeatRule,
    newest: SeenFinding,
    repeat: Repeat,
    marks: Sequence[SeenFinding],
    roll: str | None,
) -> Call:
    across_mm = float(np.median([one.across_mm for one in marks]))
    turns = round((repeat.last_mm - repeat.first_mm) / repeat.pitch_mm) + 1
    suspect = f"roll {roll}" if roll else f"a roll of {repeat.pitch_mm / math.pi:.0f} mm diameter"
    return Call(
        key=f"repeat {newest.finding_id}",
        at=newest.taken_at,
        spot=newest.spot,
        text=f"Every {repeat.pitch_mm:.1f} mm a mark at {across_mm:.1f} mm across the web of "
        f"{newest.spot.words}: {len(marks)} so far, suspected is {suspect}",
        severity=Severity(rule.severity),
        finding_id=newest.finding_id,
        facts={
            "pitch_mm": round(repeat.pitch_mm, 2),
            "across_mm": round(across_mm, 2),
            "marks": len(marks),
            "turns": turns,
            "roll": roll,
            "diameter_mm": round(repeat.pitch_mm / math.pi, 1),
            "findings": [one.finding_id for one in marks],
        },
    )


def _part_call(rule: RepeatRule, newest: SeenFinding, seen: Sequence[SeenFinding]) -> Call | None:
    """Were they anywhere on the part by chance, how probable are so many at one place?"""
    others = [one for one in seen if one.taken_at != newest.taken_at]  # one part counts once
    near = [
        one
        for one in others
        if math.hypot(one.place_x - newest.place_x, one.place_y - newest.place_y)
        <= rule.radius_share
    ]
    if len(near) + 1 < rule.fewest:
        return None
    share = min(1.0, math.pi * rule.radius_share**2)
    if binomial_tail(len(near), len(others), share) > rule.alpha / (len(others) + 1):
        return None
    x, y = 100 * newest.place_x, 100 * newest.place_y
    return Call(
        key=f"repeat {newest.finding_id}",
        at=newest.taken_at,
        spot=newest.spot,
        text=f"{len(near) + 1} findings at the same place of {newest.spot.words}, "
        f"{x:.0f} % from the left and {y:.0f} % from the top",
        severity=Severity(rule.severity),
        finding_id=newest.finding_id,
        facts={
            "marks": len(near) + 1,
            "place_x": round(newest.place_x, 4),
            "place_y": round(newest.place_y, 4),
            "findings": [one.finding_id for one in (*near, newest)],
        },
    )
