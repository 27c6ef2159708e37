"""A test fails if a slot or an observer raised during it, though Qt and VTK only print that."""

import os
import subprocess
import sys

import pytest

from Testing import host

SLOT = "import qt; button = qt.QPushButton(); button.connect('clicked()', lambda: 1 / {divisor}); button.click()"
OBSERVER = "import vtk; thing = vtk.vtkObject(); thing.AddObserver('ModifiedEvent', lambda *_: 1 / {divisor}); thing.Modified()"


@pytest.mark.parametrize("code", [SLOT, OBSERVER], ids=["slot", "observer"])
@pytest.mark.parametrize("divisor", [0, 1])
def test_an_exception_that_is_only_printed_fails_the_test(tmp_path, code, divisor):
    file = tmp_path / "test_it.py"
    file.write_text(f"from Testing import host\nhost.start()\ndef test_it():\n    {code.format(divisor=divisor)}\n")
    command = [sys.executable, "-m", "pytest", "-p", "Testing.conftest", "-p", "no:cacheprovider", str(file)]
    environment = {**os.environ, "PYTHONPATH": str(host.ROOT)}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == (1 if divisor == 0 else 0), done.stdout
    assert ("ZeroDivisionError" in done.stdout) == (divisor == 0)
