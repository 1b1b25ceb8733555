from __future__ import annotations

from inspect_pipeline.service.cli import missing_library


def test_a_missing_system_library_is_answered_with_what_to_install() -> None:
    error = ImportError("libGL.so.1: cannot open shared object file: No such file or directory")

    words = missing_library(error)

    assert words is not None
    assert "libGL.so.1" in words
    assert "apt-get install libgl1 libglib2.0-0" in words


def test_a_missing_python_module_is_not_taken_for_a_system_library() -> None:
    assert missing_library(ImportError("No module named 'cv2'")) is None
