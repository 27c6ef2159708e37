"""Real data for tests: a folder named by CORRESPOND_DATA, by default ../shared/data beside the checkout."""

import os
import unittest
from pathlib import Path

DATA = Path(os.environ.get("CORRESPOND_DATA") or Path(__file__).resolve().parents[2] / "shared" / "data")


def real_data(relative: str) -> Path:
    """Path of a file or folder of the real data; the calling test is skipped, with the reason, where it is absent."""
    path = DATA / relative
    if not path.exists():
        raise unittest.SkipTest(f"real data not found: {path} (set CORRESPOND_DATA to the folder that holds {relative})")
    return path
