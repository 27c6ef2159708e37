"""A virtual environment for each peer, made when it is first needed."""

from __future__ import annotations

import os
import subprocess
import sysconfig
import venv
from dataclasses import dataclass
from pathlib import Path


class NotInstalled(Exception):
    """The environment of a peer cannot be made."""


@dataclass(frozen=True)
class Environment:
    """Packages, installed in this order; `shares_ours` lets it use what is installed beside Correspond (torch is gigabytes)."""

    name: str
    packages: tuple[str, ...]
    shares_ours: bool = False

    def python(self, root: Path) -> Path:
        """The interpreter of the environment in `root`; made now if it is absent or has other packages.

        Raises:
            NotInstalled: with the last line that pip said.
        """
        folder = root / self.name
        python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
        ready = folder / "ready.txt"
        wanted = "\n".join(self.packages)
        if ready.exists() and ready.read_text(encoding="utf-8") == wanted:
            return python
        venv.create(folder, with_pip=True, clear=True)
        if self.shares_ours:
            ask = [str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
            site = Path(subprocess.run(ask, capture_output=True, text=True, check=True).stdout.strip())
            (site / "ours.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
        for package in self.packages:
            pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", package]
            done = subprocess.run(pip, capture_output=True, text=True)
            if done.returncode:
                errors = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
                raise NotInstalled(f"{package} cannot be installed: {(errors or ['pip failed'])[-1]}")
        ready.write_text(wanted, encoding="utf-8")
        return python
