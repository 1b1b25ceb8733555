"""One supervisor per spool, and none while a process of an earlier one lives."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import pytest

from inspect_pipeline.errors import UsageError
from inspect_pipeline.service.ingesting.instance import only_instance


def test_a_second_instance_is_refused_and_told_of_the_first(tmp_path: Path) -> None:
    second = pytest.raises(UsageError, match=f"another instance \\(process {os.getpid()}\\)")
    with only_instance(tmp_path), second, only_instance(tmp_path):
        pytest.fail("two at once")

    with only_instance(tmp_path):
        """Free again."""


def test_a_start_waits_for_the_processes_of_an_earlier_one(tmp_path: Path) -> None:
    with (tmp_path / "processes.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        with (
            pytest.raises(UsageError, match="a process of an earlier start still uses"),
            only_instance(tmp_path, gone_within_s=0.05),
        ):
            pytest.fail("it began too early")

    with only_instance(tmp_path):
        """The process is gone."""
