"""Pictures of the panel for the demo and the README: `python -m Testing.LungRegistration.screenshots FOLDER`."""

import sys
from pathlib import Path

from Testing import host

SIZE = (1500, 950)


def take(folder, preset="Default", size=(128, 112, 128)):
    """Register the sample pair by clicks and photograph the panel on the way. Returns the paths of the pictures."""
    host.start(modules=["CorrespondCore/CorrespondCore.py", "LungRegistration/LungRegistration.py"])
    import qt
    import slicer

    slicer.util.selectModule("LungRegistration")
    widget = slicer.util.getModuleWidget("LungRegistration")
    ui, window = widget.ui, slicer.util.mainWindow()
    host.resize(window, *SIZE)
    widget.inputs.choose(widget.logic.loadSampleData(size))
    ui.presetComboBox.currentText = preset
    pictures = []

    def photograph(name):
        pictures.append(host.grab(window, Path(folder) / f"{name}.png"))

    ui.applyButton.click()
    host.wait(lambda: ui.progressBar.value > 40 or not widget.run.running, 900)
    photograph("1_at_work")
    host.wait(lambda: not widget.run.running, 900)
    if widget.inspect.result is None:
        raise RuntimeError(ui.statusLabel.text)
    for section in (ui.inputsCollapsibleButton, ui.methodCollapsibleButton, ui.outputsCollapsibleButton):
        section.collapsed = True
    ui.landmarkErrorsGroupBox.collapsed = False
    ui.beforeButton.click()
    photograph("2_before")
    ui.beforeButton.click()
    photograph("3_after")
    ui.displacementComboBox.currentText = "Grid"
    photograph("4_displacement")
    ui.displacementComboBox.currentText = "Off"
    ui.volumeChangeGroupBox.collapsed = False
    ui.jacobianModeButton.click()
    ui.plotHistogramButton.click()
    photograph("5_volume_change")
    ui.volumeChangeGroupBox.collapsed = True
    ui.plotLandmarksButton.click()
    ui.blendModeButton.click()
    ui.landmarkTable.sortItems(2, qt.Qt.DescendingOrder)
    ui.landmarkTable.setCurrentCell(10, 0)
    photograph("6_landmarks")
    return pictures


if __name__ == "__main__":
    print(*take(sys.argv[1] if len(sys.argv) > 1 else "build/screenshots"), sep="\n")
