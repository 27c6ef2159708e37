"""The MRML scene, the application logic and the loadable modules' logics, wired as Slicer's application wires them."""

from __future__ import annotations

import vtk

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


def create(slicer, temporary_folder: str):
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
    _add_file_readers(slicer, scene, application, temporary_folder)
    slicer.vtkMRMLSliceNode.AddDefaultSliceOrientationPresets(scene, True)
    vtk.vtkLogger.SetStderrVerbosity(vtk.vtkLogger.VERBOSITY_OFF)  # they miss Slicer's color files and terminologies
    logics = {}
    for name, cls in LOGICS.items():
        logics[name] = getattr(slicer, cls)()
        logics[name].SetMRMLApplicationLogic(application)
        logics[name].SetMRMLScene(scene)
        application.SetModuleLogic(name, logics[name])
    logics["Colors"].AddDefaultColorNodes()
    vtk.vtkLogger.SetStderrVerbosity(vtk.vtkLogger.VERBOSITY_INFO)
    slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
    return scene, application, logics


def _add_file_readers(slicer, scene, application, temporary_folder: str) -> None:
    """Remote IO and its cache: scene bundles cannot be read without them."""
    remote = slicer.vtkMRMLRemoteIOLogic()
    remote.SetMRMLScene(scene)
    remote.SetMRMLApplicationLogic(application)
    remote.GetCacheManager().SetRemoteCacheDirectory(temporary_folder)
    manager = slicer.vtkDataIOManagerLogic()
    manager.SetMRMLScene(scene)
    manager.SetMRMLApplicationLogic(application)
    manager.SetAndObserveDataIOManager(remote.GetDataIOManager())
    remote.AddDataIOToScene()
    _alive.extend((remote, manager))
