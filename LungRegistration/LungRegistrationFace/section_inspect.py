"""The Inspect section: view modes, displacement, compare layout, tables, plots."""

import qt
from slicer.i18n import tr as _

from CorrespondCoreLib.errors import CorrespondError

from .displacement_display import showDisplacement
from .fit_curves import fitSummary
from .inspect_views import InspectViews
from .landmark_pairs import pairLandmarks
from .landmark_table import jumpToLandmark, landmarkSummary, measureLandmarks
from .levels import levelTitles
from .result import resultOf
from .tables import tableColumns
from .volume_change import measureVolumeChange

LANDMARK_COLUMNS = ("Landmark", "Before (mm)", "After (mm)")
OVERLAYS = ("blend", "jacobian")


class InspectSection:
    """Shows the result that the parameter node names."""

    def __init__(self, ui, parameters, showError):
        self.ui, self._parameters, self._showError = ui, parameters, showError
        self.views = InspectViews()
        self._shown = (None, "off")
        self._filled = {}  # table widget: what it shows
        self._levels = []  # IDs of the transforms that the chooser of levels offers
        self._modes = {
            "blend": ui.blendModeButton,
            "checkerboard": ui.checkerboardModeButton,
            "difference": ui.differenceModeButton,
            "flicker": ui.flickerModeButton,
            "jacobian": ui.jacobianModeButton,
        }
        for mode, button in self._modes.items():
            button.connect("clicked()", lambda mode=mode: self.showMode(mode))
        ui.beforeButton.connect("toggled(bool)", self._onBefore)
        ui.levelComboBox.connect("currentIndexChanged(int)", self._onLevel)
        ui.blendSlider.connect("valueChanged(double)", self._onOpacity)
        self._layouts = {
            ui.compareButton: lambda result: self.views.compareSideBySide(result, ui.beforeButton.checked),
            ui.plotLandmarksButton: lambda result: self.views.showChart(result.landmarkChart),
            ui.plotHistogramButton: lambda result: self.views.showChart(result.histogramChart),
            ui.plotFitButton: lambda result: self.views.showChart(result.fitChart),
            ui.plotFitErrorButton: lambda result: self.views.showChart(result.fitErrorChart),
        }
        for button in self._layouts:
            button.connect("toggled(bool)", lambda on, button=button: self._onLayout(button, on))
        for table in (ui.landmarkTable, ui.volumeChangeTable):
            table.verticalHeader().setVisible(False)
            table.horizontalHeader().setStretchLastSection(True)
        ui.landmarkTable.connect("itemSelectionChanged()", self._onLandmarkSelected)
        ui.updateLandmarksButton.connect("clicked()", self._onMeasureLandmarks)
        ui.updateVolumeChangeButton.connect("clicked()", self._onMeasureVolumeChange)

    @property
    def result(self):
        parameters = self._parameters()
        return resultOf(parameters.result) if parameters is not None else None

    def refresh(self):
        """Show the summary and the tables of the result; the views stay as they are."""
        result = self.result
        self.ui.summaryLabel.text = self._summary(result)
        self._fill(self.ui.landmarkTable, result.landmarkTable if result else None, LANDMARK_COLUMNS)
        self._fill(self.ui.volumeChangeTable, result.volumeChangeTable if result else None, None)
        self._enable(result)
        self._refreshLevels(result)
        self._refreshDisplacement(result)

    def showMode(self, mode):
        """Show the result in the slice views: blend, checkerboard, difference, flicker or jacobian."""
        self.ui.compareButton.checked = False
        self._modes[mode].checked = True
        self.views.show(self.result, mode, self._parameters().blend, self.ui.beforeButton.checked)

    def rest(self):
        """Stop everything that moves; before the scene closes or the panel goes."""
        self.views.stopFlicker()

    def forget(self):
        """Start anew, as the scene does: no compare or plot layout, the blend of fixed and warped image."""
        self.rest()
        self.views.layoutBack()
        for button in (*self._layouts, self.ui.beforeButton):
            button.blockSignals(True)
            button.checked = False
            button.blockSignals(False)
        self._modes["blend"].checked = True

    def _refreshLevels(self, result):
        """The result's levels in the chooser; another result starts with its own field."""
        levels = result.levels if result else []
        state = [level.GetID() for level in levels]
        if state == self._levels:
            return
        self._levels, self.views.level = state, None
        box = self.ui.levelComboBox
        box.blockSignals(True)
        box.clear()
        box.addItems([_("Result"), *levelTitles(result)] if levels else [])
        box.blockSignals(False)

    def _onLevel(self, index):
        self.views.level = self.result.levels[index - 1] if index > 0 else None
        if self._mode() == "jacobian":  # of the result, whatever the level
            self._modes["blend"].checked = True
        self._onBefore(self.ui.beforeButton.checked)

    def _refreshDisplacement(self, result):
        shown = (result.transform if result else None, self._parameters().displacementDisplay.value)
        if shown == self._shown:
            return
        before = self._shown[0]
        if before is not None and before is not shown[0] and before.GetScene() is not None:
            showDisplacement(resultOf(before), "off")
        self._shown = shown
        if result is not None:
            showDisplacement(result, shown[1])

    def _mode(self):
        return next((mode for mode, button in self._modes.items() if button.checked), "blend")

    def _onBefore(self, _checked):
        if self.ui.compareButton.checked:
            self.views.compareSideBySide(self.result, self.ui.beforeButton.checked)
        else:
            self.showMode(self._mode())

    def _onOpacity(self, opacity):
        if self.result is not None and self._mode() in OVERLAYS and not self.ui.compareButton.checked:
            self.views.setOpacity(opacity)

    def _onLayout(self, button, on):
        if on:
            for other in self._layouts:
                if other is not button:
                    other.checked = False
            self._layouts[button](self.result)
        else:
            self.views.layoutBack()
            if button is self.ui.compareButton:
                self.showMode(self._mode())

    def _onLandmarkSelected(self):
        row = self.ui.landmarkTable.currentRow()
        if row >= 0 and self.ui.landmarkTable.item(row, 0) is not None:
            jumpToLandmark(self.result, self.ui.landmarkTable.item(row, 0).text())

    def _onMeasureLandmarks(self):
        parameters = self._parameters()
        fixed, moving = parameters.fixedLandmarks, parameters.movingLandmarks
        if fixed is None or moving is None:
            self._showError(_("Choose the landmark lists of both images under Inputs."))
            return
        try:
            measureLandmarks(self.result, pairLandmarks(fixed, moving, parameters.landmarkMatching.value))
        except CorrespondError as error:
            self._showError(str(error))
        self.refresh()

    def _onMeasureVolumeChange(self):
        segmentation = self._parameters().statisticsSegmentation
        if segmentation is None:
            self._showError(_("Choose a segmentation of the fixed image."))
            return
        try:
            for message in measureVolumeChange(self.result, segmentation):
                self._showError(message)
        except CorrespondError as error:
            self._showError(str(error))
        self.refresh()

    def _enable(self, result):
        images = result is not None and result.fixed is not None
        before = images and result.moving is not None
        for mode, button in self._modes.items():
            button.enabled = images and (result.jacobian if mode == "jacobian" else result.warped or before) is not None
        self.ui.compareButton.enabled = images and (result.warped is not None or before)
        self.ui.beforeButton.enabled = bool(before)
        self.ui.blendSlider.enabled = images
        self.ui.levelLabel.visible = self.ui.levelComboBox.visible = bool(result and result.levels)
        self.ui.levelComboBox.enabled = bool(before)
        self.ui.fitGroupBox.visible = fitted = result is not None and result.fitTable is not None
        self.ui.fitSummaryLabel.text = fitSummary(result) if fitted else ""
        self.ui.plotFitErrorButton.enabled = fitted and result.fitErrorChart is not None
        self.ui.displacementComboBox.enabled = result is not None
        self.ui.updateLandmarksButton.enabled = result is not None
        self.ui.updateVolumeChangeButton.enabled = result is not None and result.jacobian is not None
        self.ui.plotLandmarksButton.enabled = result is not None and result.landmarkChart is not None
        self.ui.plotHistogramButton.enabled = result is not None and result.histogramChart is not None

    @staticmethod
    def _summary(result):
        if result is None:
            return ""
        report = result.report
        lines = [landmarkSummary(result)]
        folding = {region: value for region, value in report.get("folding_percent", {}).items() if value is not None}
        if folding:
            lines.append(_("Folding: {regions}").format(regions=", ".join(f"{v:.3g} % {r}" for r, v in folding.items())))
        lines += [
            _("Please check: {reason}").format(reason=reason) for reason in report.get("check_result", {}).get("reasons", [])
        ]
        return "<br>".join(line for line in lines if line)

    def _fill(self, widget, tableNode, names):
        state = (tableNode, tableNode.GetTable().GetMTime() if tableNode is not None else 0)
        if self._filled.get(widget) == state:
            return
        self._filled[widget] = state
        widget.blockSignals(True)
        columns = tableColumns(tableNode) if tableNode is not None else {}
        names = [name for name in names or columns if name in columns]
        widget.setSortingEnabled(False)
        widget.clear()
        widget.setColumnCount(len(names))
        widget.setHorizontalHeaderLabels(names)
        widget.setRowCount(len(columns[names[0]]) if names else 0)
        for column, name in enumerate(names):
            for row, value in enumerate(columns[name]):
                item = qt.QTableWidgetItem()
                item.setData(qt.Qt.DisplayRole, value if isinstance(value, str) else round(value, 2))
                widget.setItem(row, column, item)
        widget.resizeColumnsToContents()
        widget.setSortingEnabled(True)
        widget.blockSignals(False)
