"""The geometry's section: what the file says of the C-arm, what is missing, what the user enters instead."""

import json
from dataclasses import replace

import numpy as np
import qt
import slicer
import vtk
from slicer.i18n import tr as _

from CorrespondCoreLib.errors import CorrespondError

from . import geometry_attributes
from .labels import say
from .model_nodes import meshOf, pointsOf
from .run_nodes import frameIndex, isRun

ENTERED = "TAVIFusion.entered"
"""Attribute of a run's sequence node: names of the values that the user has entered, as JSON list."""

MISSING_COLOR = (255, 236, 150)
NUMBERS = {"pixel_spacing_mm": 2, "isocenter_mm": 3, "table_mm": 3}
COMPUTED = "isocenter_pixel_mm"


def titles():
    """What the rows are called, in their order."""
    return {
        "primary_deg": _("Primary: LAO + / RAO − (°)"),
        "secondary_deg": _("Secondary: CRA + / CAU − (°)"),
        "source_to_detector_mm": _("Source to detector (mm)"),
        "source_to_isocenter_mm": _("Source to isocenter (mm)"),
        "pixel_spacing_mm": _("Pixel size at detector (mm)"),
        COMPUTED: _("Pixel size at isocenter (mm)"),
        "isocenter_mm": _("Isocenter, L P S (mm)"),
        "table_mm": _("Table, L P S (mm)"),
    }


class GeometrySection(slicer.util.VTKObservationMixin):
    """The table of the shown frame's geometry."""

    def __init__(self, ui, parameters, showError, onGeometry):
        """onGeometry: called when the geometry was changed."""
        super().__init__()
        self.ui, self._parameters, self._showError, self._onGeometry = ui, parameters, showError, onGeometry
        self._filling = False
        self._run = None
        table = ui.geometryTable
        table.setRowCount(len(titles()))
        table.setVerticalHeaderLabels(list(titles().values()))
        table.setHorizontalHeaderLabels([_("Value"), _("From")])
        table.horizontalHeader().setStretchLastSection(True)
        table.verticalHeader().setDefaultSectionSize(24)
        table.connect("cellChanged(int,int)", self._onCell)
        ui.suggestionsButton.connect("clicked()", self._onSuggestions)
        ui.isocenterButton.connect("clicked()", self._onIsocenter)

    def rest(self):
        """The scene closes."""
        self.removeObservers()
        self._run = None

    def refresh(self):
        """Show the geometry of the frame that is shown."""
        run = self._parameters().run
        run = run if isRun(run) else None
        if run is not self._run:
            self.removeObservers()
            self._run = run
            if run is not None:
                self.addObserver(run, vtk.vtkCommand.ModifiedEvent, self._onRunModified)
        self.ui.geometryTable.enabled = run is not None
        self.ui.isocenterButton.enabled = run is not None and (
            self._parameters().model is not None or self._parameters().landmarks is not None
        )
        self._fill()

    def _onRunModified(self, caller, event):
        self._fill()

    def _fill(self):
        arms = geometry_attributes.geometry(self._run) if self._run is not None else []
        values = geometry_attributes.read(self._run) if self._run is not None else {"suggestions": {}}
        arm = arms[min(frameIndex(self._run), len(arms) - 1)] if arms else None
        self._filling = True
        try:
            for row, name in enumerate(titles()):
                self._fillRow(row, name, arm, arms, values["suggestions"])
        finally:
            self._filling = False
        missing = arm.missing if arm is not None else []
        self.ui.suggestionsButton.enabled = any(name in values["suggestions"] for name in missing)
        say(self.ui.geometryLabel, "\n".join(_about(name, values["suggestions"]) for name in missing))

    def _fillRow(self, row, name, arm, arms, suggestions):
        value = text(name, arm) if arm is not None else ""
        origin = self._origin(name, arms, suggestions) if arm is not None else ""
        items = [qt.QTableWidgetItem(value), qt.QTableWidgetItem(origin)]
        items[1].setFlags(qt.Qt.ItemIsEnabled)
        items[1].setToolTip(origin)
        if name == COMPUTED:
            items[0].setFlags(qt.Qt.ItemIsEnabled)
        for column, item in enumerate(items):
            if arm is not None and name in arm.missing:
                item.setBackground(qt.QBrush(qt.QColor(*MISSING_COLOR)))
                item.setForeground(qt.QBrush(qt.QColor(0, 0, 0)))
            self.ui.geometryTable.setItem(row, column, item)

    def _origin(self, name, arms, suggestions):
        if name == COMPUTED:
            return _("from the distances")
        if name in arms[0].missing:
            known = suggestions.get(name)
            return _("missing; suggested: {value}").format(value=written(known[0])) if known else _("missing")
        each = _("differs between the frames") if len({getattr(arm, name) for arm in arms}) > 1 else ""
        if name in entered(self._run):
            return ", ".join(part for part in (_("entered"), each) if part)
        if name in ("isocenter_mm", "table_mm") and not any(getattr(arms[0], name)):
            return _("not told: 0")
        return ", ".join(part for part in (_("file"), each) if part)

    def _onCell(self, row, column):
        """The user has written a value: it holds for all frames; of angles that differ, all are shifted alike."""
        if self._filling or column != 0 or self._run is None:
            return
        name = list(titles())[row]
        try:
            value = parsed(name, self.ui.geometryTable.item(row, 0).text())
        except ValueError:
            self._showError(_("{title} takes {n} number(s), such as 12.5.").format(title=titles()[name], n=NUMBERS.get(name, 1)))
            self._fill()
            return
        self.enter({name: value})

    def enter(self, values):
        """Set values of the C-arm (names of CArm's fields) for the run, as entered by the user."""
        arms = geometry_attributes.geometry(self._run)
        shown = arms[min(frameIndex(self._run), len(arms) - 1)]
        try:
            changed = [replace(arm, **{name: _for(arm, shown, name, value) for name, value in values.items()}) for arm in arms]
            for arm in changed:
                if not arm.missing:
                    arm.check()
        except CorrespondError as error:
            self._showError(str(error))
            self._fill()
            return
        self._run.SetAttribute(ENTERED, json.dumps(sorted({*entered(self._run), *values})))
        geometry_attributes.setGeometry(self._run, changed)
        self._onGeometry()

    def _onSuggestions(self):
        values = geometry_attributes.read(self._run)
        missing = values["geometry"][0].missing
        self.enter({name: value for name, (value, _why) in values["suggestions"].items() if name in missing})

    def _onIsocenter(self):
        """The middle of the landmarks, or of the model, becomes the isocenter."""
        p = self._parameters()
        points = pointsOf(p.landmarks)[0] if p.landmarks is not None else np.zeros((0, 3))
        if len(points) == 0 and p.model is None:
            self._showError(_("The landmarks have no points. Place some, or choose a model."))
            return
        if len(points) == 0:
            points = meshOf(p.model).points_mm
        self.enter({"isocenter_mm": tuple(float(value) for value in np.round(points.mean(axis=0), 2))})


def _about(name, suggestions):
    """What is missing, and what the file lets one suppose."""
    title, known = titles()[name].split(" (")[0], suggestions.get(name)
    if known is None:
        return _("The file does not tell: {title}. Enter it.").format(title=title)
    value, why = known
    return _("The file does not tell: {title}. Suggested: {value}, {why}.").format(title=title, value=written(value), why=why)


def entered(run):
    """Names of the values that the user has entered."""
    return json.loads(run.GetAttribute(ENTERED) or "[]")


def written(value):
    """A value of the C-arm for people."""
    if value is None:
        return ""
    return "  ".join(f"{number:.4g}" for number in value) if isinstance(value, (tuple, list)) else f"{value:.4g}"


def text(name, arm):
    """What the table shows of a C-arm."""
    if name != COMPUTED:
        return written(getattr(arm, name))
    known = arm.source_to_detector_mm and arm.source_to_isocenter_mm and arm.pixel_spacing_mm
    return written(arm.isocenter_pixel_mm) if known else ""


def parsed(name, words):
    """The value that the user has written; raises ValueError where it is none. Empty words mean unknown."""
    numbers = [float(word) for word in words.replace(";", " ").replace(",", " ").split()]
    if not numbers and name not in ("isocenter_mm", "table_mm"):
        return None
    if name == "pixel_spacing_mm" and len(numbers) == 1:
        numbers *= 2
    if len(numbers) != NUMBERS.get(name, 1) or not np.isfinite(numbers).all():
        raise ValueError(words)
    return tuple(numbers) if name in NUMBERS else numbers[0]


def _for(arm, shown, name, value):
    """An angle that differs between the frames keeps its differences."""
    before = getattr(shown, name)
    if name.endswith("_deg") and value is not None and before is not None and getattr(arm, name) is not None:
        return getattr(arm, name) + value - before
    return value
