"""Widgets that know the scene, and the unit-aware slider."""

from PySide6 import QtWidgets
from PySide6.QtCore import Signal

from .ctk_numbers import ctkSliderWidget
from .declare import given


class SceneHolder:
    """setMRMLScene, mrmlScene and mrmlSceneChanged, as many widgets of Slicer have them."""

    _scene = None
    mrmlScene = given("_scene")

    def setMRMLScene(self, scene):
        if scene is not self._scene:
            self._scene = scene
            self.mrmlSceneChanged.emit(scene)


class qMRMLWidget(SceneHolder, QtWidgets.QWidget):
    mrmlSceneChanged = Signal(object)


class qSlicerWidget(SceneHolder, QtWidgets.QWidget):
    mrmlSceneChanged = Signal(object)


class qMRMLSliderWidget(ctkSliderWidget):
    """The slider whose numbers Slicer shows with a unit."""
