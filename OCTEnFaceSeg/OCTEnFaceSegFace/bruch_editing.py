"""Correction of Bruch's membrane: a curve of at most 15 points on one B-scan, dragged by the user and taken over."""

import numpy as np
import slicer
from slicer.i18n import tr as _

from CorrespondCoreLib import mrml
from CorrespondCoreLib.errors import InputError
from OCTEnFaceSegLib.bruch import Bruch, corrected

from .enface_layout import B_SCAN, sliceNode
from .layer_models import B_SCAN_VIEWS, addLayer
from .scan_nodes import facts, writeFacts

MOST_POINTS = 15


class BruchEditing:
    """At most one curve at a time, for the B-scan under correction."""

    def __init__(self):
        self._curve = None
        self.bScan = None

    @property
    def active(self):
        return self._curve is not None and self._curve.GetScene() is not None

    def begin(self, result, bScan=None):
        """Put a curve on the membrane of a B-scan, that in view by default.

        Raises:
            InputError: the view shows no B-scan of the scan.
        """
        self.drop()
        image = mrml.image_from_volume(result.scan)
        self.bScan = _bScanInView(image) if bScan is None else bScan
        depth = result.bruchDepth()
        if not 0 <= self.bScan < len(depth):
            raise InputError(_("The view shows no B-scan of this scan. Move the lower view into the scan."))
        columns = np.linspace(0, depth.shape[1] - 1, min(MOST_POINTS, depth.shape[1])).round().astype(int)
        voxels = np.stack([columns, depth[self.bScan, columns], np.full(len(columns), self.bScan), np.ones(len(columns))])
        points = (mrml.voxel_to_lps(image) @ voxels)[:3].T
        name = _("Bruch's membrane, B-scan {n}").format(n=self.bScan + 1)
        self._curve = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsCurveNode", name)
        mrml.markups_from_points(points, node=self._curve)
        self._curve.SetSaveWithScene(False)
        self._curve.CreateDefaultDisplayNodes()
        self._curve.GetDisplayNode().SetPropertiesLabelVisibility(False)
        self._curve.GetDisplayNode().SetTextScale(0)
        for view in B_SCAN_VIEWS:
            self._curve.GetDisplayNode().AddViewNodeID(view)
        return self._curve

    def takeOver(self, result):
        """Draw the membrane through the curve; the points are kept with the scan for the next segmentation.

        Raises:
            InputError: nothing is under correction.
        """
        if not self.active:
            raise InputError(_("No B-scan is under correction."))
        image = mrml.image_from_volume(result.scan)
        lps, _labels = mrml.points_from_markups(self._curve)
        voxels = np.linalg.inv(mrml.voxel_to_lps(image)) @ np.vstack([lps.T, np.ones(len(lps))])
        columns, depth, _bScans = image.GetSize()
        a, d = np.clip(voxels[0], 0, columns - 1), np.clip(voxels[1], 0, depth - 1)
        order = np.argsort(a)
        points = {self.bScan: [(float(a[i]), float(d[i])) for i in order]}
        membrane = corrected(Bruch(result.bruchDepth(), np.ones(result.bruchDepth().shape, np.float32)), points)
        addLayer(membrane.depth, image, "BM", result.bruch)
        keepPoints(result.scan, {**keptPoints(result.scan), **points})
        self.drop()

    def drop(self):
        """Take the curve away; the membrane stays as it is."""
        if self.active:
            slicer.mrmlScene.RemoveNode(self._curve)
        self._curve = self.bScan = None


def keptPoints(volumeNode):
    """{B-scan: [(A-scan, depth), ...]} in voxels, through which the user has drawn the membrane."""
    return {int(b): [tuple(point) for point in line] for b, line in facts(volumeNode).get("bruch_points", {}).items()}


def keepPoints(volumeNode, points):
    """Keep the user's points with the scan; an empty dict forgets them."""
    writeFacts(volumeNode, {"bruch_points": {str(b): line for b, line in points.items()}})


def _bScanInView(image):
    toRas = sliceNode(B_SCAN).GetSliceToRAS()
    ras = [toRas.GetElement(row, 3) for row in range(3)]
    center = np.linalg.inv(mrml.voxel_to_lps(image)) @ [-ras[0], -ras[1], ras[2], 1]
    return int(round(center[2]))
