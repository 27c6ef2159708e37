"""sitkUtils: volume nodes <-> SimpleITK images, after Slicer's documentation."""

import numpy as np
import SimpleITK as sitk
import slicer
import vtk

RAS_TO_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])


def _node(nodeObjectOrName):
    return slicer.util.getNode(nodeObjectOrName) if isinstance(nodeObjectOrName, str) else nodeObjectOrName


def PullVolumeFromSlicer(nodeObjectOrName):
    """The volume node as an image (LPS, mm)."""
    node = _node(nodeObjectOrName)
    values = slicer.util.arrayFromVolume(node)
    image = sitk.GetImageFromArray(values, isVector=node.IsA("vtkMRMLVectorVolumeNode"))
    matrix = vtk.vtkMatrix4x4()
    node.GetIJKToRASDirectionMatrix(matrix)
    directions = RAS_TO_LPS @ slicer.util.arrayFromVTKMatrix(matrix)
    image.SetDirection(directions[:3, :3].ravel().tolist())
    image.SetSpacing(node.GetSpacing())
    image.SetOrigin((RAS_TO_LPS @ [*node.GetOrigin(), 1])[:3].tolist())
    return image


def PushVolumeToSlicer(sitkimage, targetNode=None, name=None, className="vtkMRMLScalarVolumeNode"):
    """Write an image into a volume node, a new one by default."""
    node = _node(targetNode) if targetNode is not None else slicer.mrmlScene.AddNewNodeByClass(className, name or "")
    slicer.util.updateVolumeFromArray(node, sitk.GetArrayFromImage(sitkimage))
    ijk_to_lps = np.eye(4)
    directions = np.reshape(sitkimage.GetDirection(), (3, 3))
    ijk_to_lps[:3, :3] = directions * sitkimage.GetSpacing()
    ijk_to_lps[:3, 3] = sitkimage.GetOrigin()
    node.SetIJKToRASMatrix(slicer.util.vtkMatrixFromArray(RAS_TO_LPS @ ijk_to_lps))
    if node.GetDisplayNode() is None:
        node.CreateDefaultDisplayNodes()
    return node
