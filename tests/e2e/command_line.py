"""Runs the program as a user does: another process, its exit code, what it printed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
DEMO_MODELS = ROOT / "plant_config" / "plants" / "demo" / "models"


def run_pipeline(*words: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "COLUMNS": "200", "NO_COLOR": "1", "OMP_NUM_THREADS": "1"}
    environment.pop("INSPECT_DB", None)
    return subprocess.run(
        [sys.executable, str(ROOT / "run_pipeline.py"), *words],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
