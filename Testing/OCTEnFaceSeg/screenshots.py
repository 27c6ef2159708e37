"""Pictures of the panel for the demo and the README: `python -m Testing.OCTEnFaceSeg.screenshots FOLDER`."""

import sys
from pathlib import Path

from Testing import host

WINDOW = (1500, 950)


def take(folder, size=None):
    """Segment the sample eye by clicks and photograph the panel on the way. Returns the paths of the pictures."""
    host.start(modules=["CorrespondCore/CorrespondCore.py", "OCTEnFaceSeg/OCTEnFaceSeg.py"])
    import slicer

    slicer.util.selectModule("OCTEnFaceSeg")
    widget = slicer.util.getModuleWidget("OCTEnFaceSeg")
    ui, window = widget.ui, slicer.util.mainWindow()
    host.resize(window, *WINDOW)
    pictures = []

    def photograph(name):
        pictures.append(host.grab(window, Path(folder) / f"{name}.png"))

    def segment(volume):
        widget.logic.getParameterNode().volume = volume
        ui.applyButton.click()
        host.wait(lambda: not widget.run.running, 900)
        if widget.inspect.result is None:
            raise RuntimeError(ui.statusLabel.text)

    first, second = widget.logic.loadSampleData(size)
    segment(first)
    ui.backgroundComboBox.currentText = "FAF"
    photograph("oct_1_mask")
    ui.editBruchButton.click()
    ui.bruchCollapsibleButton.collapsed = False
    photograph("oct_2_membrane")
    ui.dropBruchButton.click()
    segment(second)
    for section in (ui.scanCollapsibleButton, ui.methodCollapsibleButton, ui.bruchCollapsibleButton):
        section.collapsed = True
    ui.growthCollapsibleButton.collapsed = ui.measuresCollapsibleButton.collapsed = False
    ui.growthButton.click()
    photograph("oct_3_growth")
    return pictures


if __name__ == "__main__":
    print(*take(sys.argv[1] if len(sys.argv) > 1 else "build/screenshots"), sep="\n")
