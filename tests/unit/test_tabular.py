"""Tables on the screen: what a person reads, not what a program needs."""

from __future__ import annotations

import pandas as pd
import pytest

from inspect_pipeline.service.cli.tabular import give_table


def test_the_screen_leaves_out_the_fine_print_and_shortens_hashes(
    capsys: pytest.CaptureFixture[str],
) -> None:
    table = pd.DataFrame(
        {
            "finding_id": [7],
            "model_id": ["0123456789ab" + "c" * 52],
            "observed_name": ["aa/bb/" + "d" * 64 + ".png"],
            "area_mm2": [2.5],
            "kind": [None],
        }
    )

    give_table(table, None, None)

    shown = capsys.readouterr().out
    assert shown.split() == ["finding_id", "model_id", "area_mm2", *shown.split()[3:]]
    assert {"7", "0123456789ab", "2.5"} <= set(shown.split())
    assert "ccc" not in shown


def test_an_empty_answer_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    give_table(pd.DataFrame({"finding_id": []}), None, None)

    assert capsys.readouterr().out == "Nothing was found.\n"
