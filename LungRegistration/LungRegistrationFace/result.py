"""A registration result in the scene: its transform node, with node references to everything that belongs to it."""

import json

import slicer

from .levels import levelsOf
from .maps import mapsOf

MARK = "LungRegistration.result"
"""Attribute of a transform node that is a result of this module."""


ROLES = []
"""Names of the nodes that may belong to a result."""


def _made(role):
    ROLES.append(role)
    return _reference(role)


def _reference(role):
    def get(self):
        return self.transform.GetNodeReference(f"LungRegistration.{role}")

    def put(self, node):
        self.transform.SetNodeReferenceID(f"LungRegistration.{role}", node.GetID() if node else None)

    return property(get, put, doc=f"The {role} node, or None.")


class RegistrationResult:
    """What `LungRegistrationLogic.register` returns. It is saved with the scene, because the references are.

    `transform` maps the moving image to the fixed image: a node placed under it lands on the fixed image.
    """

    fixed = _reference("fixed")
    moving = _reference("moving")
    warped = _made("warped")
    jacobian = _made("jacobian")
    inverse = _made("inverse")
    fixedLungs = _made("fixedLungs")
    movingLungs = _made("movingLungs")
    fixedLandmarks = _reference("fixedLandmarks")
    movingLandmarks = _reference("movingLandmarks")
    landmarkTable = _made("landmarkTable")
    landmarkCurve = _made("landmarkCurve")
    landmarkChart = _made("landmarkChart")
    landmarkSeriesBefore = _made("landmarkSeriesBefore")
    landmarkSeriesAfter = _made("landmarkSeriesAfter")
    volumeChangeTable = _made("volumeChangeTable")
    histogram = _made("histogram")
    histogramChart = _made("histogramChart")
    histogramSeries = _made("histogramSeries")
    fitTable = _made("fitTable")
    fitChart = _made("fitChart")
    fitSeries = _made("fitSeries")
    fitErrorChart = _made("fitErrorChart")
    fitErrorSeries = _made("fitErrorSeries")
    reportText = _made("reportText")
    reportPage = _made("reportPage")

    def __init__(self, transformNode):
        self.transform = transformNode
        self.notes = []
        """What the user should hear about the loading of the result."""

    @property
    def name(self):
        return self.transform.GetName()

    @property
    def report(self):
        """report.json as a dict: errors, folding, Jacobian, seconds, versions."""
        return json.loads(self.reportText.GetText()) if self.reportText else {}

    @property
    def folder(self):
        """Subject hierarchy item of the folder that holds the nodes of this result."""
        hierarchy = slicer.mrmlScene.GetSubjectHierarchyNode()
        return hierarchy.GetItemParent(hierarchy.GetItemByDataNode(self.transform))

    @property
    def maps(self):
        """Volumes of stretch, ventilation, response classes and expected error, if they were asked for."""
        return mapsOf(self.transform)

    @property
    def levels(self):
        """Transforms of a network's levels, coarse to fine, if they were asked for."""
        return levelsOf(self.transform)

    def nodes(self):
        """All nodes that the registration made, the transform first."""
        made = (getattr(self, role) for role in ROLES)
        return [self.transform, *(node for node in made if node is not None), *self.maps, *self.levels]

    def addToFolder(self, node):
        """Put a node into the folder of this result."""
        hierarchy = slicer.mrmlScene.GetSubjectHierarchyNode()
        item = hierarchy.GetItemByDataNode(node) or hierarchy.CreateItem(self.folder, node)
        hierarchy.SetItemParent(item, self.folder)

    def node(self, role, className, name):
        """The node of that role, made in the folder when it does not exist yet."""
        node = getattr(self, role)
        if node is None:
            node = slicer.mrmlScene.AddNewNodeByClass(className, f"{name} ({self.name})")
            setattr(self, role, node)
            self.addToFolder(node)
        return node


def resultOf(transformNode):
    """The result that a transform node stands for; None when it is no result of this module."""
    return RegistrationResult(transformNode) if transformNode and transformNode.GetAttribute(MARK) else None
