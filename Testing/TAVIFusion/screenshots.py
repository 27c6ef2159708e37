"""Pictures of the panel for the demo and the README: `python -m Testing.TAVIFusion.screenshots FOLDER`."""

import sys
from pathlib import Path

from Testing import host

WINDOW = (1500, 950)


def take(folder, **size):
    """Work on the sample patient by clicks and photograph the panel on the way. Returns the paths of the pictures.

    Args:
        size: frames and pixels of the sample's runs.
    """
    host.start(modules=["CorrespondCore/CorrespondCore.py", "TAVIFusion/TAVIFusion.py"])
    import slicer

    slicer.util.selectModule("TAVIFusion")
    widget = slicer.util.getModuleWidget("TAVIFusion")
    ui, window = widget.ui, slicer.util.mainWindow()
    host.resize(window, *WINDOW)
    pictures = []

    def photograph(name):
        pictures.append(host.grab(window, Path(folder) / f"{name}.png"))

    def work(button):
        button.click()
        host.wait(lambda: not widget.work.running, 900)

    sample = widget.logic.loadSampleData(**size)
    sample.choose(widget.logic.getParameterNode())
    widget.inspect.show()
    slicer.util.resetThreeDViews()
    ui.overlayComboBox.currentText = "Model, colored by depth"
    ui.carmViewCheckBox.checked = True
    photograph("tavi_1_depth")
    ui.carmViewCheckBox.checked = False
    ui.methodComboBox.currentText = "Vesselness filter (no network)"
    ui.framesComboBox.currentText = "The frame that is shown"
    work(ui.applyButton)
    ui.overlayComboBox.currentText = "Mask against the reference"
    photograph("tavi_2_agreement")
    ui.overlayComboBox.currentText = "Nothing"
    for section in (
        ui.runCollapsibleButton,
        ui.geometryCollapsibleButton,
        ui.modelCollapsibleButton,
        ui.segmentCollapsibleButton,
    ):
        section.collapsed = True
    ui.angulationCollapsibleButton.collapsed = False
    ui.sCurveButton.click()
    ui.threeCuspButton.click()
    photograph("tavi_3_s_curve")
    return pictures


if __name__ == "__main__":
    print(*take(sys.argv[1] if len(sys.argv) > 1 else "build/screenshots"), sep="\n")
