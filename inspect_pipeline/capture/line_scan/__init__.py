"""Blocks of lines from any camera become frames of one continuous web."""

from inspect_pipeline.capture.line_scan.camera import LineScan
from inspect_pipeline.capture.line_scan.rules import AfterRestart, LineScanRules

__all__ = ["AfterRestart", "LineScan", "LineScanRules"]
