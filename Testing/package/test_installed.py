"""The extension as users get it: installed into one folder by the Extension Manager, or as "Additional module paths"."""

import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CMAKE = shutil.which("cmake", path=str(Path(sys.executable).parent)) or shutil.which("cmake")

REGISTER = textwrap.dedent("""
    import sys
    sys.path.insert(0, {root!r})
    from Testing import host
    host.start(modules={modules!r})
    sys.path.remove({root!r})
    import slicer
    slicer.util.selectModule("LungRegistration")
    widget = slicer.modules.LungRegistrationWidget
    import LungRegistration, LungRegistrationLib, CorrespondCoreLib
    for module in (LungRegistration, LungRegistrationLib, CorrespondCoreLib):
        assert module.__file__.startswith({home!r}), module.__file__
    pair = widget.logic.loadSampleData(size=(64, 64, 64))
    widget.inputs.choose(pair)
    widget.ui.presetComboBox.currentText = "Fast"
    assert widget.ui.applyButton.enabled, widget.ui.applyButton.toolTip
    widget.ui.applyButton.click()
    host.wait(lambda: widget.ui.resultSelector.currentNode() is not None, seconds=300)
    print("registered:", widget.ui.resultSelector.currentNode().GetName())
""")


def register_in_panel(modules: list[Path], home: Path, tmp_path: Path) -> None:
    """Load the modules in a fresh process, where nothing else is on the path, and register the sample pair by clicks."""
    script = REGISTER.format(root=str(ROOT), modules=[str(path) for path in modules], home=str(home))
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [sys.executable, "-c", script]
    result = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=600)
    assert result.returncode == 0 and "registered:" in result.stdout, result.stdout + result.stderr


@pytest.mark.slow
def test_installed_by_the_extension_manager(tmp_path):
    build, prefix = tmp_path / "build", tmp_path / "Slicer extensions"
    configure = [CMAKE, "-S", ROOT, "-B", build, f"-DSlicer_DIR={ROOT / 'Testing' / 'cmake'}", f"-DCMAKE_INSTALL_PREFIX={prefix}"]
    for command in (configure, [CMAKE, "--install", build]):
        subprocess.run(command, check=True, capture_output=True)
    home = prefix / "lib" / "Slicer-5.12" / "qt-scripted-modules"
    register_in_panel([home / "CorrespondCore.py", home / "LungRegistration.py"], home, tmp_path)


@pytest.mark.slow
def test_as_additional_module_paths(tmp_path):
    checkout = tmp_path / "checkout"
    for name in ("CorrespondCore", "LungRegistration"):
        shutil.copytree(ROOT / name, checkout / name, ignore=shutil.ignore_patterns("__pycache__"))
    modules = [checkout / name / f"{name}.py" for name in ("CorrespondCore", "LungRegistration")]
    register_in_panel(modules, checkout, tmp_path)
