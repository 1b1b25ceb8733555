"""Stand-ins for what a test cannot wait for or look into."""

from __future__ import annotations


class FastClock:
    """Every look at it moves it on by `tick_s`: what takes minutes takes a few looks."""

    def __init__(self, tick_s: float) -> None:
        self.tick_s = tick_s
        self.now_s = 0.0

    def __call__(self) -> float:
        self.now_s += self.tick_s
        return self.now_s


class RecordingWatcher:
    """Remembers what a training run tells of itself."""

    def __init__(self) -> None:
        self.phases: list[str] = []
        self.fractions: dict[str, list[float]] = {}

    def phase_begins(self, phase: str, number: int, seconds_done: float) -> None:
        self.phases.append(phase)
        self.fractions[phase] = []

    def stepped(self, phase: str, fraction: float, losses: dict[str, float]) -> None:
        self.fractions[phase].append(fraction)


class InterruptedWatcher(RecordingWatcher):
    """Ctrl-C in the phase `phase` after so many steps of it."""

    def __init__(self, phase: str, after_steps: int) -> None:
        super().__init__()
        self.phase, self.after_steps = phase, after_steps

    def stepped(self, phase: str, fraction: float, losses: dict[str, float]) -> None:
        super().stepped(phase, fraction, losses)
        if phase == self.phase and len(self.fractions[phase]) == self.after_steps:
            raise KeyboardInterrupt
