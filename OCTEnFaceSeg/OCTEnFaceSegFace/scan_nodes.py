"""An OCT scan in the scene: its volume node with what is known of the eye, its layers and fundus images; and back."""

import json

import numpy as np
import slicer
from slicer.i18n import tr as _

from CorrespondCoreLib import mrml
from OCTEnFaceSegLib.scan import RASTER, OctScan

from .fundus_nodes import isFundusImage
from .layer_models import addLayer, depthOf

MARK = "OCTEnFaceSeg.scan"
"""Attribute of a volume node that is an OCT scan: what the file says of it, as JSON."""

FUNDUS_ROLE = "OCTEnFaceSeg.fundus"
FACTS = ("metric", "eye", "visit_date", "pattern", "source", "device", "notes")


def addScan(scan, name):
    """Bring a scan (OctScan) into the scene, in a folder of its own. Returns the volume node."""
    hierarchy = slicer.mrmlScene.GetSubjectHierarchyNode()
    folder = hierarchy.CreateFolderItem(hierarchy.GetSceneItemID(), slicer.mrmlScene.GenerateUniqueName(name))
    node = mrml.volume_from_image(scan.volume, name)
    writeFacts(node, {fact: getattr(scan, fact) for fact in FACTS})
    _put(node, folder)
    for kind, image in scan.fundus.items():
        fundus = mrml.volume_from_image(image, f"{kind} ({name})")
        fundus.SetAttribute("OCTEnFaceSeg.kind", kind)
        fundus.GetDisplayNode().SetInterpolate(True)
        node.AddNodeReferenceID(FUNDUS_ROLE, fundus.GetID())
        _put(fundus, folder)
    for layer, depth in scan.layers.items():
        setLayer(node, layer, depth)
    return node


def setLayer(volumeNode, layer, depth):
    """Add or replace a layer of a scan: depth (B-scans, A-scans) in voxels. Returns the model node."""
    known = layerNodes(volumeNode).get(layer)
    node = addLayer(depth, mrml.image_from_volume(volumeNode), layer, known)
    if known is None:
        node.SetName(f"{layer} ({volumeNode.GetName()})")
        node.SetAttribute("OCTEnFaceSeg.layer", layer)
        volumeNode.AddNodeReferenceID("OCTEnFaceSeg.layer", node.GetID())
        _put(node, folderOf(volumeNode))
    return node


def facts(volumeNode):
    """What is known of a scan; for a volume that another reader loaded: a raster scan with the spacing that it has."""
    known = json.loads(volumeNode.GetAttribute(MARK) or "{}")
    return {"metric": True, "eye": "", "visit_date": "", "pattern": RASTER, "source": "", "device": "", "notes": [], **known}


def writeFacts(volumeNode, values):
    """Keep what is known of a scan with its node, so that it is saved with the scene."""
    volumeNode.SetAttribute(MARK, json.dumps({**facts(volumeNode), **values}))


def scanOf(volumeNode, layers=True):
    """The scan (OctScan) that a volume node shows.

    Args:
        layers: also read its layers back.

    Raises:
        InputError: the volume is empty, a color image, or has layers of another scan.
    """
    image = mrml.image_from_volume(volumeNode)
    shape = image.GetSize()[2], image.GetSize()[0]
    depths = {name: depthOf(node, shape) for name, node in layerNodes(volumeNode).items()} if layers else {}
    fundus = {kind: mrml.image_from_volume(node) for kind, node in fundusNodes(volumeNode).items()}
    known = facts(volumeNode)
    return OctScan(image, layers=depths, fundus=fundus, **{fact: known[fact] for fact in FACTS})


def layerNodes(volumeNode):
    """The models of a scan's layers by name."""
    return {node.GetAttribute("OCTEnFaceSeg.layer"): node for node in _referenced(volumeNode, "OCTEnFaceSeg.layer")}


def fundusNodes(volumeNode):
    """The fundus images of a scan by kind (SLO, FAF); those of other devices as long as they are in register."""
    nodes = _referenced(volumeNode, FUNDUS_ROLE)
    return {
        node.GetAttribute("OCTEnFaceSeg.kind"): node for node in nodes if not isFundusImage(node) or node.GetParentTransformNode()
    }


def setSpacing(volumeNode, spacing_mm):
    """Give a scan without a scale its spacing (A-scans, depth, B-scans) in mm, keeping where its center lies."""
    image = mrml.image_from_volume(volumeNode)
    center = np.array(image.TransformContinuousIndexToPhysicalPoint([(n - 1) / 2 for n in image.GetSize()]))
    image.SetSpacing([float(mm) for mm in spacing_mm])
    moved = np.array(image.TransformContinuousIndexToPhysicalPoint([(n - 1) / 2 for n in image.GetSize()]))
    image.SetOrigin([float(x) for x in np.array(image.GetOrigin()) + center - moved])
    scan = scanOf(volumeNode)
    mrml.volume_from_image(image, node=volumeNode)
    writeFacts(volumeNode, {"metric": True})
    for name, depth in scan.layers.items():
        setLayer(volumeNode, name, depth)


def folderOf(volumeNode):
    """Subject hierarchy item of the folder that a scan and its results lie in."""
    hierarchy = slicer.mrmlScene.GetSubjectHierarchyNode()
    return hierarchy.GetItemParent(hierarchy.GetItemByDataNode(volumeNode))


def describe(volumeNode):
    """One or two lines for the panel: eye, date, pattern, size, spacing."""
    known, image = facts(volumeNode), mrml.image_from_volume(volumeNode)
    eye = {"R": _("right eye"), "L": _("left eye")}.get(known["eye"], _("eye unknown"))
    a, depth, b = image.GetSize()
    dx, dy, dz = (1000 * mm for mm in image.GetSpacing())
    size = _("{b} B-scans of {a} A-scans, {depth} deep").format(b=b, a=a, depth=depth)
    scale = _("{dx:.1f} x {dz:.1f} µm en face, {dy:.2f} µm deep").format(dx=dx, dy=dy, dz=dz)
    if not known["metric"]:
        scale = _("the file has no scale")
    about = [eye, *(known[fact] for fact in ("visit_date", "device") if known[fact]), known["pattern"]]
    return ", ".join(about) + "\n" + f"{size}; {scale}"


def _referenced(volumeNode, role):
    nodes = (volumeNode.GetNthNodeReference(role, i) for i in range(volumeNode.GetNumberOfNodeReferences(role)))
    return [node for node in nodes if node is not None]


def _put(node, folder):
    hierarchy = slicer.mrmlScene.GetSubjectHierarchyNode()
    item = hierarchy.GetItemByDataNode(node) or hierarchy.CreateItem(folder, node)
    hierarchy.SetItemParent(item, folder)
