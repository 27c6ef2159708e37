"""The MRML scene, the application logic and the loadable modules' logics, wired as Slicer's application wires them."""

from __future__ import annotations

import colorsys

import slicer
import vtk

LABELS = 256
# module name in Slicer -> logic class; the order is that of their dependencies
LOGICS = {
    "Colors": "vtkSlicerColorLogic",
    "Terminologies": "vtkSlicerTerminologiesModuleLogic",
    "SubjectHierarchy": "vtkSlicerSubjectHierarchyModuleLogic",
    "Cameras": "vtkSlicerCamerasModuleLogic",
    "Units": "vtkSlicerUnitsLogic",
    "Volumes": "vtkSlicerVolumesLogic",
    "Transforms": "vtkSlicerTransformLogic",
    "Models": "vtkSlicerModelsLogic",
    "Markups": "vtkSlicerMarkupsLogic",
    "Segmentations": "vtkSlicerSegmentationsModuleLogic",
    "Sequences": "vtkSlicerSequencesLogic",
    "Tables": "vtkSlicerTablesLogic",
    "Texts": "vtkSlicerTextsLogic",
    "Plots": "vtkSlicerPlotsLogic",
    "CropVolume": "vtkSlicerCropVolumeLogic",
    "VolumeRendering": "vtkSlicerVolumeRenderingLogic",
    "ViewControllers": "vtkSlicerViewControllersLogic",
    "Data": "vtkSlicerDataModuleLogic",
}
_alive: list = []  # logics that nothing else holds


def create(temporary_folder: str):
    """The application logic with its scene, default nodes, file readers and module logics.

    Returns:
        (vtkMRMLScene, vtkSlicerApplicationLogic, {module name: logic})
    """
    scene = slicer.vtkMRMLScene()
    application = slicer.vtkSlicerApplicationLogic()
    application.SetMRMLScene(scene)
    crosshair = slicer.vtkMRMLCrosshairNode()
    crosshair.SetCrosshairName("default")
    scene.AddNode(crosshair)
    application.SetTemporaryPath(temporary_folder)
    application.SetSliceLogics(vtk.vtkCollection())
    application.SetViewLogics(vtk.vtkCollection())
    _add_file_readers(scene, application, temporary_folder)
    slicer.vtkMRMLSliceNode.AddDefaultSliceOrientationPresets(scene, True)
    vtk.vtkLogger.SetStderrVerbosity(vtk.vtkLogger.VERBOSITY_OFF)  # they miss Slicer's color files and terminologies
    logics = {}
    for name, cls in LOGICS.items():
        logics[name] = _logic(cls, scene, application)
        application.SetModuleLogic(name, logics[name])
    logics["Colors"].AddDefaultColorNodes()
    _add_label_colors(scene)
    vtk.vtkLogger.SetStderrVerbosity(vtk.vtkLogger.VERBOSITY_INFO)
    slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
    return scene, application, logics


def _logic(cls: str, scene, application):
    logic = getattr(slicer, cls)()
    logic.SetMRMLApplicationLogic(application)
    logic.SetMRMLScene(scene)
    return logic


def _add_label_colors(scene) -> None:
    """The table that label maps are shown with: black, then hues that differ from their neighbours."""
    table = slicer.vtkMRMLColorTableNode()
    table.SetName("GenericColors")
    table.SetSingletonTag("FileGenericColors.txt")
    table.SetTypeToUser()
    table.SetNumberOfColors(LABELS)
    table.SetColor(0, "background", 0, 0, 0, 0)
    for label in range(1, LABELS):
        table.SetColor(label, f"region {label}", *colorsys.hsv_to_rgb(label * 0.618 % 1, 0.7, 0.9), 1)
    table.SetHideFromEditors(True)
    table.SetSaveWithScene(False)
    scene.AddNode(table)


def _add_file_readers(scene, application, temporary_folder: str) -> None:
    """Remote IO and its cache: scene bundles cannot be read without them."""
    remote = _logic("vtkMRMLRemoteIOLogic", scene, application)
    remote.GetCacheManager().SetRemoteCacheDirectory(temporary_folder)
    manager = _logic("vtkDataIOManagerLogic", scene, application)
    manager.SetAndObserveDataIOManager(remote.GetDataIOManager())
    remote.AddDataIOToScene()
    _alive.extend((remote, manager))
