"""The Growth section: masks of several visits, compared."""

import qt
import slicer
from slicer.i18n import tr as _

from CorrespondCoreLib.errors import CorrespondError
from OCTEnFaceSegLib.measures.table import UNCONFIRMED

from .growth import compareVisits
from .result import resultOf
from .scan_nodes import facts


class GrowthSection:
    """A list of all masks of the scene; those that are checked are compared."""

    def __init__(self, ui, showError):
        self.ui, self._showError = ui, showError
        self._growth = None
        ui.growthButton.connect("clicked()", self._onCompare)
        ui.visitsList.connect("itemChanged(QListWidgetItem*)", self._onChecked)

    def tableNode(self):
        """The table of the last comparison, or None."""
        table = self._growth.table if self._growth is not None else None
        return table if table is not None and table.GetScene() is not None else None

    def refresh(self):
        """List the masks that there are; what was checked stays checked."""
        checked = {result.segmentation.GetID() for result in self._checked()}
        nodes = [node for node in slicer.util.getNodesByClass("vtkMRMLSegmentationNode") if resultOf(node) is not None]
        listed = [self.ui.visitsList.item(i).data(qt.Qt.UserRole) for i in range(self.ui.visitsList.count)]
        if listed != [node.GetID() for node in nodes]:
            self.ui.visitsList.clear()
            for node in nodes:
                item = qt.QListWidgetItem(node.GetName())
                item.setData(qt.Qt.UserRole, node.GetID())
                item.setCheckState(qt.Qt.Checked if node.GetID() in checked or len(nodes) == 2 else qt.Qt.Unchecked)
                self.ui.visitsList.addItem(item)
        self._onChecked()

    def _checked(self):
        items = [self.ui.visitsList.item(i) for i in range(self.ui.visitsList.count)]
        nodes = [slicer.mrmlScene.GetNodeByID(i.data(qt.Qt.UserRole)) for i in items if i.checkState() == qt.Qt.Checked]
        return [result for result in map(resultOf, nodes) if result is not None and result.scan is not None]

    def _onChecked(self, item=None):
        self.ui.growthButton.enabled = len(self._checked()) > 1

    def _onCompare(self):
        qt.QApplication.setOverrideCursor(qt.Qt.WaitCursor)
        try:
            self._growth = compareVisits(self._checked())
        except CorrespondError as error:
            self._showError(str(error))
            return
        finally:
            qt.QApplication.restoreOverrideCursor()
        self.ui.growthTable.setMRMLTableNode(self._growth.table)
        overall = self._growth.figures["overall"]
        lines = list(self._growth.notes)
        if overall is not None:
            mark = "" if all(facts(r.scan)["metric"] for r in self._checked()) else f" ({UNCONFIRMED})"
            text = _("{mm2:.2f} mm² per year, square root {mm:.3f} mm per year").format(
                mm2=overall["mm2_per_year"], mm=overall["mm_per_year"]
            )
            lines.insert(0, text + mark)
        repeatability = self._growth.figures["repeatability"]
        if repeatability is not None:
            lines.append(_("Repeatability limit {mm2:.2f} mm²").format(mm2=repeatability["limit_mm2"]))
        self.ui.growthLabel.text = "\n".join(lines)
