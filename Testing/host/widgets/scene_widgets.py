"""Widgets that know the scene, and the unit-aware slider."""

from PySide6 import QtWidgets
from PySide6.QtCore import Signal

from .ctk_buttons import ctkCollapsibleButton
from .ctk_numbers import ctkSliderWidget
from .declare import stored


class SceneHolder:
    """setMRMLScene, mrmlScene and mrmlSceneChanged, as many widgets of Slicer have them."""

    _scene = None

    def setMRMLScene(self, scene):
        if scene is not self._scene:
            self._scene = scene
            if hasattr(self, "mrmlSceneChanged"):
                self.mrmlSceneChanged.emit(scene)

    def mrmlScene(self):
        return self._scene


class qMRMLWidget(SceneHolder, QtWidgets.QWidget):
    mrmlSceneChanged = Signal(object)


class qSlicerWidget(SceneHolder, QtWidgets.QWidget):
    mrmlSceneChanged = Signal(object)


class qMRMLCollapsibleButton(SceneHolder, ctkCollapsibleButton):
    mrmlSceneChanged = Signal(object)


class qMRMLSliderWidget(SceneHolder, ctkSliderWidget):
    quantity = stored(str, "")
    unitAwareProperties = stored(int, 0)
