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

WORK = textwrap.dedent("""
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
    slicer.util.selectModule("OCTEnFaceSeg")
    import OCTEnFaceSeg, OCTEnFaceSegLib
    for module in (OCTEnFaceSeg, OCTEnFaceSegLib):
        assert module.__file__.startswith({home!r}), module.__file__
    oct = slicer.modules.OCTEnFaceSegWidget
    oct.logic.getParameterNode().volume = oct.logic.loadSampleData(size=(16, 128, 128))[0]
    oct.ui.methodComboBox.currentIndex = 1
    assert oct.ui.applyButton.enabled, oct.ui.applyButton.toolTip
    oct.ui.applyButton.click()
    host.wait(lambda: oct.ui.resultSelector.currentNode() is not None, seconds=300)
    print("segmented:", oct.ui.resultSelector.currentNode().GetName())
    slicer.util.selectModule("TAVIFusion")
    import TAVIFusion, TAVIFusionLib
    for module in (TAVIFusion, TAVIFusionLib):
        assert module.__file__.startswith({home!r}), module.__file__
    logic = slicer.modules.TAVIFusionWidget.logic
    sample = logic.loadSampleData(frames=14, pixels=192)
    logic.segment(sample.runs[0], method="vesselness")
    print("aligned:", logic.align(sample.runs[0], sample.model, frame=sample.frame, method="vesselness")["pose"])
""")
NAMES = ("CorrespondCore", "LungRegistration", "OCTEnFaceSeg", "TAVIFusion")
DONE = ("registered:", "segmented:", "aligned:")


def work_in_panels(modules: list[Path], home: Path, tmp_path: Path) -> None:
    """Load the modules in a fresh process, where nothing else is on the path, and use their sample data by clicks."""
    script = WORK.format(root=str(ROOT), modules=[str(path) for path in modules], home=str(home))
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [sys.executable, "-c", script]
    result = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=600)
    assert result.returncode == 0 and all(word in result.stdout for word in DONE), result.stdout + result.stderr


@pytest.mark.slow
def test_installed_by_the_extension_manager(tmp_path):
    build, prefix = tmp_path / "build", tmp_path / "Slicer extensions"
    configure = [CMAKE, "-S", ROOT, "-B", build, f"-DSlicer_DIR={ROOT / 'Testing' / 'cmake'}", f"-DCMAKE_INSTALL_PREFIX={prefix}"]
    for command in (configure, [CMAKE, "--install", build]):
        subprocess.run(command, check=True, capture_output=True)
    home = prefix / "lib" / "Slicer-5.12" / "qt-scripted-modules"
    work_in_panels([home / f"{name}.py" for name in NAMES], home, tmp_path)


@pytest.mark.slow
def test_as_additional_module_paths(tmp_path):
    checkout = tmp_path / "checkout"
    for name in NAMES:
        shutil.copytree(ROOT / name, checkout / name, ignore=shutil.ignore_patterns("__pycache__"))
    work_in_panels([checkout / name / f"{name}.py" for name in NAMES], checkout, tmp_path)
