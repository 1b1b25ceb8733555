"""`python -m inspect_pipeline.capture.simulated MATERIAL DIR`: good parts, a data set, or a web."""

from __future__ import annotations

import argparse
from pathlib import Path

from inspect_pipeline.capture.simulated.folders import write_good_parts, write_mvtec
from inspect_pipeline.capture.simulated.web_picture import write_web


def main() -> None:
    """Writes good parts; with --test a data set in MVTec layout, with --web a web instead."""
    parser = argparse.ArgumentParser(prog="inspect_pipeline.capture.simulated", description=__doc__)
    parser.add_argument("material", choices=["brushed_web", "machined_plate"])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=600, help="good parts to train on")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--test", type=int, default=0, metavar="N", help="N good, N defective")
    parser.add_argument("--web", type=int, default=0, metavar="LINES", help="so much of a web")
    parser.add_argument("--width", type=int, default=512, metavar="PX", help="of the web")
    asked = parser.parse_args()
    if asked.web:
        write_web(asked.folder, lines=asked.web, width_px=asked.width, seed=asked.seed)
        return
    if not asked.test:
        write_good_parts(asked.material, asked.folder, count=asked.count, seed=asked.seed)
        return
    write_mvtec(
        asked.material,
        asked.folder,
        train=asked.count,
        test_good=asked.test,
        test_defective=asked.test,
        seed=asked.seed,
    )


if __name__ == "__main__":
    main()
