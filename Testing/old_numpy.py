"""Run the libraries' tests with NumPy 1.26, the newest that Slicer's macOS build can use: `python -m Testing.old_numpy`.

The old NumPy and a SciPy that fits it go into build/numpy1, which stands first on PYTHONPATH; everything else is the usual .venv.
"""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "build" / "numpy1"
PACKAGES = ["numpy==1.26.4", "scipy==1.13.1"]
TESTS = ["Testing/CorrespondCore", "Testing/LungRegistration", "Testing/OCTEnFaceSeg", "Testing/TAVIFusion"]


def main() -> int:
    if sys.version_info >= (3, 13):
        print("NumPy 1.26 has no build for Python 3.13: its test needs Python 3.10 to 3.12.")
        return 0
    if not FOLDER.exists():
        install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(FOLDER), *PACKAGES]
        subprocess.run(install, check=True)
    environment = {**os.environ, "PYTHONPATH": str(FOLDER)}
    version = [sys.executable, "-c", "import numpy; assert numpy.__version__.startswith('1.26'), numpy.__version__"]
    subprocess.run(version, check=True, env=environment)
    tests = [sys.executable, "-m", "pytest", "-q", "-n", "auto", "--dist", "loadfile", *TESTS]
    return subprocess.run(tests, cwd=ROOT, env=environment).returncode


if __name__ == "__main__":
    sys.exit(main())
