"""Where on the web does a block lie? By encoder, by the camera's own count, or right behind.

An encoder knows best: it counts millimetres, also of lines that never arrived. Without one, a jump
of the sequence says how many blocks are missing, and each is taken to be as long as the last one.
"""

from __future__ import annotations

from dataclasses import dataclass

from inspect_pipeline.capture.camera import Gap, Shot
from inspect_pipeline.capture.line_scan.rules import LineScanRules
from inspect_pipeline.capture.line_scan.standing import Standing

SLACK_LINES = 2  # between the encoder and the lines counted: reading both takes a moment


@dataclass(frozen=True, kw_only=True)
class Place:
    """`lost` says why lines are missing before the block; None = it follows what is there.

    `skipped_lines` at its beginning were seen before: the web had run backwards.
    """

    first_line: int
    skipped_lines: int = 0
    lost: str | None = None
    is_length_known: bool = True
    counted: int = 0
    origin_line: int = 0


def placed(
    standing: Standing, shot: Shot, *, lines: int, told: Gap | None, rules: LineScanRules
) -> Place:
    """`told` is what the camera itself said is missing since the last block."""
    if shot.encoder is not None and rules.counts_per_mm is not None:
        return _by_encoder(standing, shot.encoder, lines=lines, rules=rules)
    if shot.web_position_mm is not None:
        counted = rules.line_at(shot.web_position_mm)
        if standing.key is None or standing.next_line == 0:
            return Place(first_line=counted, counted=counted)
        return _measured(standing, counted, counted, lines=lines, rules=rules, start=counted)
    return _counted(standing, shot, told, rules)


def _by_encoder(standing: Standing, encoder: int, *, lines: int, rules: LineScanRules) -> Place:
    if standing.encoder is None:
        return Place(first_line=standing.next_line, origin_line=standing.next_line)
    moved = rules.unwrapped(from_count=standing.encoder, to_count=encoder)
    counted = standing.counted + moved
    assert rules.counts_per_mm is not None
    far = rules.line_at(counted / rules.counts_per_mm)
    return _measured(standing, counted, far, lines=lines, rules=rules, start=0)


def _measured(
    standing: Standing, counted: int, far: int, *, lines: int, rules: LineScanRules, start: int
) -> Place:
    """`far` are the lines since the origin; `start` is what `counted` is to be at a new origin."""
    line, origin_line = standing.origin_line + far, standing.origin_line
    ahead = line - standing.next_line
    if abs(ahead) <= SLACK_LINES:
        return Place(first_line=standing.next_line, counted=counted, origin_line=origin_line)
    if ahead > 0:
        lost = f"{ahead} lines are missing"
        return Place(first_line=line, lost=lost, counted=counted, origin_line=origin_line)
    if -ahead <= rules.lines_per_frame + lines:
        return Place(
            first_line=standing.next_line,
            skipped_lines=min(lines, -ahead),
            counted=counted,
            origin_line=origin_line,
        )
    return Place(
        first_line=standing.next_line,
        lost="the position began anew",
        is_length_known=False,
        counted=start,
        origin_line=standing.next_line - start,
    )


def _counted(standing: Standing, shot: Shot, told: Gap | None, rules: LineScanRules) -> Place:
    behind, usual = standing.next_line, standing.usual_lines
    step = None
    if shot.sequence is not None and standing.sequence is not None:
        step = shot.sequence - standing.sequence
    if step is not None and step > 1:
        lost = f"{step - 1} blocks are missing"
        return Place(first_line=behind + (step - 1) * usual, lost=lost, is_length_known=usual > 0)
    if told is not None:
        return _as_told(behind, usual, told, rules)
    if step is not None and step < 1:
        lost = f"the camera's count went from {standing.sequence} to {shot.sequence}"
        return Place(first_line=behind, lost=lost, is_length_known=False)
    return Place(first_line=behind)


def _as_told(behind: int, usual: int, told: Gap, rules: LineScanRules) -> Place:
    if told.web_from_mm is not None and told.web_until_mm is not None:
        lines = rules.line_at(told.web_until_mm - told.web_from_mm)
    else:
        lines = told.shots * usual
    return Place(first_line=behind + lines, lost=told.reason, is_length_known=lines > 0)
