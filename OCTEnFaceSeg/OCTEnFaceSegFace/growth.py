"""Masks of several visits over each other: growth as a table, and what is new, stable and lost as a map over the first visit."""

from dataclasses import dataclass

import slicer
import vtk
from slicer.i18n import tr as _

from CorrespondCoreLib import mrml
from CorrespondCoreLib.errors import InputError
from OCTEnFaceSegLib.growth_run import years_of_dates
from OCTEnFaceSegLib.measures.growth import LOST, NEW, STABLE
from OCTEnFaceSegLib.visit_registration import register_visits
from OCTEnFaceSegLib.visits import Visit, change_map, changed_mm2, growth_of

from .scan_nodes import facts, scanOf

COLORS = {STABLE: (_("stable"), (0.55, 0.55, 0.60)), NEW: (_("new"), (0.85, 0.15, 0.15)), LOST: (_("lost"), (0.15, 0.35, 0.85))}
COLUMNS = ("Visit", "Years", "Area (mm2)", "Change (mm2)", "mm2 per year", "mm per year (square root)", "New (mm2)", "Lost (mm2)")


@dataclass
class Growth:
    """What a comparison of visits has made.

    Attributes:
        figures: see OCTEnFaceSegLib.visits.growth_of.
        table: table node. changes: segmentation nodes new, stable and lost of each later visit, over the first one.
        notes: for the user.
    """

    figures: dict
    table: object
    changes: list
    notes: list


def yearsOf(results):
    """When each visit was, in years since the first, by the dates of the scans.

    Raises:
        InputError: a scan has no date.
    """
    known = [facts(result.scan).get("years") for result in results]
    if all(years is not None for years in known):
        return known
    return years_of_dates([facts(result.scan)["visit_date"] for result in results])


def compareVisits(results, years=None):
    """Register two or more visits of an eye to the first and compare their masks as they are now. Returns Growth.

    Args:
        results: SegmentationResults of the same lesion.
        years: of each; by the dates of the scans if None.

    Raises:
        InputError: fewer than two visits, both eyes, different lesions, unknown times.
    """
    if len(results) < 2 or None in results:
        raise InputError(_("Choose the masks of two visits or more."))
    if len({result.lesion for result in results}) > 1:
        raise InputError(_("The masks are of different lesions. Choose masks of one."))
    if len({facts(result.scan)["eye"] for result in results} - {""}) > 1:
        raise InputError(_("The masks are of both eyes, right and left. Choose visits of one eye."))
    times = yearsOf(results) if years is None else list(years)
    order = sorted(range(len(results)), key=lambda n: times[n])
    results = [results[n] for n in order]
    visits = [Visit(scanOf(r.scan), r.mask(), r.bruchDepth(), float(times[n])) for r, n in zip(results, order, strict=True)]
    notes = []
    for visit, result in zip(visits[1:], results[1:], strict=True):
        visit.registration = register_visits(visits[0].scan, visit.scan, visits[0].bruch_depth, visit.bruch_depth)
        if not visit.registration.trusted:
            notes.append(
                _("'{name}' could not be registered to the first visit: is it the same eye and place?").format(name=result.name)
            )
    maps = [change_map(visits[0], visit) if visit.placed else None for visit in visits[1:]]
    figures = growth_of(visits)
    table = _table(results, visits, figures, maps)
    changes = [_changes(results[0], result, image) for result, image in zip(results[1:], maps, strict=True) if image is not None]
    return Growth(figures, table, changes, notes)


def _table(results, visits, figures, maps):
    areas = [visit.mask.sum() * visit.scan.pixel_area_mm2 for visit in visits]
    rates = {round(rate["to_years"], 6): rate for rate in figures["intervals"]}
    rows = []
    for n, (result, visit) in enumerate(zip(results, visits, strict=True)):
        rate = rates.get(round(visit.years, 6), {}) if n else {}
        changed = changed_mm2(maps[n - 1]) if n and maps[n - 1] is not None else {}
        numbers = [rate.get(key) for key in ("change_mm2", "mm2_per_year", "mm_per_year")]
        numbers += [changed.get(key) for key in ("new_mm2", "lost_mm2")]
        rows.append([result.scan.GetName(), visit.years, areas[n], *numbers])
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLTableNode", _("Growth ({name})").format(name=results[0].name))
    table = vtk.vtkTable()
    for title, values in zip(COLUMNS, zip(*rows, strict=True), strict=True):
        array = vtk.vtkStringArray()
        array.SetName(title)
        for value in values:
            array.InsertNextValue("" if value is None else value if isinstance(value, str) else f"{value:.3f}")
        table.AddColumn(array)
    node.SetAndObserveTable(table)
    node.SetUseColumnTitleAsColumnHeader(True)
    node.SetLocked(True)
    results[0].addToFolder(node)
    return node


def _changes(first, later, image):
    name = _("New and lost at {later}").format(later=later.scan.GetName())
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", name)
    node.CreateDefaultDisplayNodes()
    volume = mrml.volume_from_image(image)
    try:
        node.SetReferenceImageGeometryParameterFromVolumeNode(volume)
        labels = slicer.util.arrayFromVolume(volume)
        for label, (title, color) in COLORS.items():
            segmentID = node.GetSegmentation().AddEmptySegment("", title, color)
            slicer.util.updateSegmentBinaryLabelmapFromArray((labels == label).astype("uint8"), node, segmentID, volume)
    finally:
        slicer.mrmlScene.RemoveNode(volume)
    node.GetDisplayNode().SetVisibility3D(False)
    first.addToFolder(node)
    return node
