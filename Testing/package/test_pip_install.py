"""`pip install .` gives the libraries and the command `correspond`."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
def test_pip_install_gives_the_command(tmp_path):
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", tmp_path / "site", ROOT]
    subprocess.run(install, check=True)
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "site")}
    command = tmp_path / "site" / "bin" / "correspond"
    shown = subprocess.run(
        [sys.executable, command, "lung", "register", "--help"], env=environment, capture_output=True, text=True
    )
    assert shown.returncode == 0 and "--fixed-mask" in shown.stdout, shown.stderr
    code = (
        "from OCTEnFaceSegLib import lesion_models; from TAVIFusionLib import vessel_finder; "
        "assert lesion_models.SHIPPED == vessel_finder.SHIPPED; print(*sorted(p.name for p in lesion_models.SHIPPED.iterdir()))"
    )
    models = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert models.stdout.split() == ["oct-ga-fpn", "xa-matching-compact"]
