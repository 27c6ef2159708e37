"""A fundus image of another device under a scan: pairs of points, the transform node that holds it in register, undo."""

import numpy as np
import SimpleITK as sitk
import slicer
from slicer.i18n import tr as _

from CorrespondCoreLib import mrml
from CorrespondCoreLib.errors import InputError
from OCTEnFaceSegLib.formats.fundus import check_same_eye, over_scan
from OCTEnFaceSegLib.fundus_registration import (
    own_fundus,
    pairs_left_um,
    register_by_points,
    register_by_vessels,
    space_transform,
)

from .enface_layout import BESIDE, EN_FACE
from .fundus_nodes import fundusFacts
from .scan_nodes import FUNDUS_ROLE, facts, folderOf, fundusNodes, scanOf

KIND = "OCTEnFaceSeg.kind"
POINTS = {"scan": "OCTEnFaceSeg.pointsOnScan", "fundus": "OCTEnFaceSeg.pointsOnFundus"}
"""References of a fundus image to its lists of points."""


def pointsNode(fundusNode, where):
    """The list of points on the "scan" or on the "fundus" image, or None."""
    return fundusNode.GetNodeReference(POINTS[where])


def markPoints(fundusNode, volumeNode, where):
    """Let clicks in the en-face view ("scan") or in the view beside it ("fundus") mark points, until the user stops it."""
    node = pointsNode(fundusNode, where) or _newPoints(fundusNode, volumeNode, where)
    markups = slicer.modules.markups.logic()
    markups.SetActiveList(node)
    markups.StartPlaceMode(True)
    return node


def forgetPoints(fundusNode):
    """Remove both lists of points."""
    for where in POINTS:
        node = pointsNode(fundusNode, where)
        if node is not None:
            slicer.mrmlScene.RemoveNode(node)


def pairs(fundusNode):
    """(N, 2) LPS x, z in mm of the points on the scan, (M, 2) of those on the image as it came, without its registration."""
    return _plane(pointsNode(fundusNode, "scan"), True), _plane(pointsNode(fundusNode, "fundus"), False)


def placeOver(fundusNode, volumeNode):
    """Put an image that is in no register, and has no points yet, into the middle of a scan, as thick as the scan is deep.

    Raises:
        InputError: it is no image of the en-face plane.
    """
    image, volume = mrml.image_from_volume(fundusNode), mrml.image_from_volume(volumeNode)
    if image.GetSize()[1] != 1 or abs(image.GetDirection()[4]) < 0.99:
        raise InputError(
            _("'{name}' does not lie in the en-face plane. Open the file by *Fundus image…*.").format(name=fundusNode.GetName())
        )
    if fundusNode.GetParentTransformNode() is None and pointsNode(fundusNode, "fundus") is None:
        image = over_scan(image, volume)
        middle = [volume.TransformContinuousIndexToPhysicalPoint([(n - 1) / 2 for n in volume.GetSize()])[i] for i in (0, 2)]
        own = [image.TransformContinuousIndexToPhysicalPoint([(n - 1) / 2 for n in image.GetSize()])[i] for i in (0, 2)]
        x, y, z = image.GetOrigin()
        image.SetOrigin((x + middle[0] - own[0], y, z + middle[1] - own[1]))
        mrml.volume_from_image(image, node=fundusNode)


def registerByPoints(fundusNode, volumeNode):
    """Bring the image into register by its pairs of points. Returns FundusRegistration.

    Raises:
        InputError: the pairs do not suffice, or the map cannot be; the image stays where it was.
    """
    check_same_eye(fundusFacts(fundusNode)["eye"], facts(volumeNode)["eye"])
    found = register_by_points(*pairs(fundusNode), metric=_metric(fundusNode, volumeNode))
    _hold(fundusNode, volumeNode, found.transform)
    return found


def registerByVessels(fundusNode, volumeNode, bruchDepth):
    """Bring the image into register by vessels, from where it is in register already if it is. Returns FundusRegistration.

    Args:
        bruchDepth: (B-scans, A-scans) in voxels, or None: then the scan needs a fundus image of its own.

    Raises:
        InputError: the vessels do not fit; the image stays where it was.
    """
    check_same_eye(fundusFacts(fundusNode)["eye"], facts(volumeNode)["eye"])
    scan = scanOf(volumeNode)
    scan.fundus = {kind: image for kind, image in scan.fundus.items() if fundusNodes(volumeNode)[kind] is not fundusNode}
    if bruchDepth is None and own_fundus(scan) is None:
        raise InputError(_("The scan has neither a fundus image of its own nor a membrane: press Apply first, or mark points."))
    depth = np.zeros(scan.enface_shape, np.float32) if bruchDepth is None else bruchDepth
    holder = fundusNode.GetParentTransformNode()
    start = _planeTransform(holder) if holder is not None else None
    found = register_by_vessels(scan, depth, _asItCame(fundusNode), _metric(fundusNode, volumeNode), start)
    _hold(fundusNode, volumeNode, found.transform)
    return found


def undo(fundusNode):
    """Take the image out of register: its transform goes away, and it lies where it was before."""
    holder = fundusNode.GetParentTransformNode()
    points = pointsNode(fundusNode, "fundus")
    for node in (fundusNode, points):
        if node is not None:
            node.SetAndObserveTransformNodeID(None)
    if holder is not None:
        slicer.mrmlScene.RemoveNode(holder)
    _release(fundusNode)


def leftUm(fundusNode):
    """Distances of the pairs of points under the registration, in um; empty where there are none or no registration."""
    onScan, onFundus = pairs(fundusNode)
    holder = fundusNode.GetParentTransformNode()
    if holder is None or not len(onScan) or len(onScan) != len(onFundus):
        return np.empty(0)
    return pairs_left_um(_planeTransform(holder), onScan, onFundus)


def _release(fundusNode):
    """No scan has the image as its own any more."""
    for scan in slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode"):
        for n in reversed(range(scan.GetNumberOfNodeReferences(FUNDUS_ROLE))):
            if scan.GetNthNodeReference(FUNDUS_ROLE, n) is fundusNode:
                scan.RemoveNthNodeReferenceID(FUNDUS_ROLE, n)
    fundusNode.RemoveAttribute(KIND)


def _metric(fundusNode, volumeNode):
    return bool(fundusFacts(fundusNode)["metric"] and facts(volumeNode)["metric"])


def _newPoints(fundusNode, volumeNode, where):
    names = {"scan": _("Points on the scan ({name})"), "fundus": _("Points on the image ({name})")}
    name = names[where].format(name=fundusNode.GetName())
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsFiducialNode", name)
    node.SetControlPointLabelFormat("%d")
    node.CreateDefaultDisplayNodes()
    view = {"scan": EN_FACE, "fundus": BESIDE}[where]
    node.GetDisplayNode().AddViewNodeID(f"vtkMRMLSliceNode{view}")
    node.GetDisplayNode().SetSelectedColor(*((0.95, 0.77, 0.06) if where == "scan" else (0.20, 0.78, 0.95)))
    if where == "fundus":
        node.SetAndObserveTransformNodeID(fundusNode.GetTransformNodeID())
    fundusNode.SetNodeReferenceID(POINTS[where], node.GetID())
    hierarchy = slicer.mrmlScene.GetSubjectHierarchyNode()
    hierarchy.SetItemParent(hierarchy.GetItemByDataNode(node), folderOf(volumeNode))
    return node


def _plane(node, world):
    """(N, 2) LPS x, z of the placed points of a list, in the world or without its transform."""
    if node is None:
        return np.empty((0, 2))
    position = node.GetNthControlPointPositionWorld if world else node.GetNthControlPointPosition
    defined = range(node.GetNumberOfControlPoints())
    defined = [n for n in defined if node.GetNthControlPointPositionStatus(n) == node.PositionDefined]
    ras = np.array([position(n) for n in defined], float).reshape(-1, 3)
    return ras[:, [0, 2]] * (-1.0, 1.0)


def _asItCame(fundusNode):
    """The image without its registration."""
    holder = fundusNode.GetTransformNodeID()
    fundusNode.SetAndObserveTransformNodeID(None)
    try:
        return mrml.image_from_volume(fundusNode)
    finally:
        fundusNode.SetAndObserveTransformNodeID(holder)


def _hold(fundusNode, volumeNode, transform):
    """Place the image under a transform node, and among the fundus images of the scan."""
    name = _("Registration ({name})").format(name=fundusNode.GetName())
    node = mrml.linear_transform_from_affine(space_transform(transform), name, fundusNode.GetParentTransformNode())
    hierarchy = slicer.mrmlScene.GetSubjectHierarchyNode()
    for placed in (fundusNode, pointsNode(fundusNode, "fundus")):
        if placed is not None:
            placed.SetAndObserveTransformNodeID(node.GetID())
    for owned in (fundusNode, node):
        hierarchy.SetItemParent(hierarchy.GetItemByDataNode(owned), folderOf(volumeNode))
    _release(fundusNode)
    kind = fundusFacts(fundusNode)["kind"]
    taken = kind in fundusNodes(volumeNode)
    fundusNode.SetAttribute(KIND, _("{kind} of another device").format(kind=kind) if taken else kind)
    volumeNode.AddNodeReferenceID(FUNDUS_ROLE, fundusNode.GetID())


def _planeTransform(node):
    """The in-plane part of a transform node: points of the scan's plane to those of the image as it came."""
    if not node.IsLinear():
        raise InputError(_("The transform of the image is not linear. Take it out of register (Undo) and register it again."))
    space = mrml.transform_from_node(node, None)
    matrix = np.array(sitk.AffineTransform(space).GetMatrix()).reshape(3, 3)
    shift = np.array(space.TransformPoint((0.0, 0.0, 0.0)))
    plane = sitk.AffineTransform(2)
    plane.SetMatrix(matrix[np.ix_((0, 2), (0, 2))].ravel().tolist())
    plane.SetTranslation(shift[[0, 2]].tolist())
    return plane
