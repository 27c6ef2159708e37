"""A bare MRML scene for tests that need nodes and no desktop."""

import pytest


@pytest.fixture
def scene(monkeypatch):
    """slicer.mrmlScene is an empty scene of its own while the test runs."""
    slicer = pytest.importorskip("slicer", reason="slicer-core is not installed")
    scene = slicer.vtkMRMLScene()
    logic = slicer.vtkSlicerSegmentationsModuleLogic()  # registers the class of segmentation nodes
    logic.SetMRMLScene(scene)
    monkeypatch.setattr(slicer, "mrmlScene", scene, raising=False)
    yield scene
    logic.SetMRMLScene(None)
    scene.Clear(True)
