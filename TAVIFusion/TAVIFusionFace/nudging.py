"""Moving the model over the frame by hand: sliders and arrow keys in the frame's plane, handles in the 3D view."""

import numpy as np
import qt
import slicer
from scipy.spatial.transform import Rotation

from TAVIFusionLib.pose import Pose

from . import geometry_attributes
from .model_nodes import LPS, POSE_MARK, poseNode, poseOf, setPose
from .paper_mode import forgetAffine
from .run_nodes import frameIndex, isRun

STEP_MM, STEP_DEG = 1.0, 1.0
KEYS = {
    "Left": ("rightSlider", -STEP_MM),
    "Right": ("rightSlider", STEP_MM),
    "Up": ("downSlider", -STEP_MM),
    "Down": ("downSlider", STEP_MM),
    "PgUp": ("turnSlider", -STEP_DEG),
    "PgDown": ("turnSlider", STEP_DEG),
}


class Nudging(slicer.util.VTKObservationMixin):
    """The sliders say how far the model was moved since it was last fitted, dragged, or seen from another side."""

    def __init__(self, ui, parameters):
        super().__init__()
        self.ui, self._parameters = ui, parameters
        self._node = self._base = self._axes = None
        self._moving = False
        self._sliders = (ui.rightSlider, ui.downSlider, ui.turnSlider)
        for slider in self._sliders:
            slider.connect("valueChanged(double)", self._onSlider)
        self._shortcuts = []
        for key, (slider, step) in KEYS.items():
            shortcut = qt.QShortcut(qt.QKeySequence(key), slicer.util.mainWindow() or ui.keysCheckBox)
            shortcut.connect("activated()", lambda slider=slider, step=step: self.step(slider, step))
            shortcut.setEnabled(False)
            self._shortcuts.append(shortcut)
        ui.keysCheckBox.connect("toggled(bool)", self._onKeys)
        ui.handlesCheckBox.connect("toggled(bool)", self._onHandles)
        ui.resetPoseButton.connect("clicked()", self.reset)

    def rest(self):
        """The module is left, or the scene closes: keys do what they did before."""
        self.ui.keysCheckBox.checked = False
        self.ui.handlesCheckBox.checked = False
        self.removeObservers()
        self._node = self._base = self._axes = None

    def end(self):
        """The module goes away: no key is heard any more."""
        for shortcut in self._shortcuts:
            shortcut.setParent(None)
            shortcut.deleteLater()
        self._shortcuts = []

    def refresh(self):
        """Follow the pose of the chosen model, and the side from which it is seen."""
        p = self._parameters()
        node = poseNode(p.model) if p.model is not None else None
        if node is not self._node:
            self.removeObservers()
            self._node = node
            self._begin()
            if node is not None:
                self.addObserver(node, slicer.vtkMRMLTransformNode.TransformModifiedEvent, self._onMoved)
        elif self._axes is not None and not np.array_equal(self._axes, self._axesNow()):
            self._begin()
        possible = node is not None and self._axesNow() is not None
        for widget in (*self._sliders, self.ui.keysCheckBox):
            widget.enabled = possible
        self.ui.handlesCheckBox.enabled = self.ui.resetPoseButton.enabled = node is not None

    def step(self, slider, step):
        """Move one slider by a step."""
        widget = getattr(self.ui, slider)
        widget.value = widget.value + step

    def reset(self):
        """The model is where the planning CT has it."""
        if self._node is not None:
            if isRun(self._parameters().run):
                forgetAffine(self._parameters().run)
            setPose(self._node, Pose(pivot_mm=poseOf(self._node).pivot_mm))

    def _begin(self):
        """What is there now is what the sliders count from."""
        self._base = poseOf(self._node) if self._node is not None else None
        self._axes = self._axesNow()
        self._moving = True
        try:
            for slider in self._sliders:
                slider.value = 0
        finally:
            self._moving = False

    def _axesNow(self):
        p = self._parameters()
        if p is None or not isRun(p.run):
            return None
        arm = geometry_attributes.geometry(p.run)[frameIndex(p.run)]
        return arm.axes() if arm.primary_deg is not None and arm.secondary_deg is not None else None

    def _onSlider(self, value):
        if self._moving or self._base is None or self._axes is None:
            return
        self._moving = True
        try:
            setPose(self._node, nudged(self._base, self._axes, *(slider.value for slider in self._sliders)))
        finally:
            self._moving = False

    def _onMoved(self, caller, event):
        if not self._moving:
            self._begin()

    def _onKeys(self, enabled):
        for shortcut in self._shortcuts:
            shortcut.setEnabled(enabled)

    def _onHandles(self, shown):
        if self._node is None:
            return
        self._node.CreateDefaultDisplayNodes()
        pivot = [float(value) for value in self._node.GetAttribute(POSE_MARK).split()]
        self._node.SetCenterOfTransformation(*(np.array(pivot) * LPS))
        display = self._node.GetDisplayNode()
        display.SetEditorScalingEnabled(False)
        display.SetEditorVisibility(shown)
        display.SetEditorVisibility3D(shown)
        display.SetEditorSliceIntersectionVisibility(False)


def nudged(pose, axes, right_mm, down_mm, turn_deg):
    """A pose moved in a frame's plane.

    Args:
        axes: (3, 3) of the C-arm, see CArm.axes.
        right_mm, down_mm: as far as this the pivot moves, parallel to the detector.
        turn_deg: about the pivot, clockwise as one sees the frame.
    """
    right, down, _along = axes
    turn = Rotation.from_rotvec(np.cross(right, down) * turn_deg, degrees=True)
    rotation = turn * Rotation.from_rotvec(pose.rotation_deg, degrees=True)
    shift = np.asarray(pose.translation_mm) + right_mm * right + down_mm * down
    return Pose(tuple(rotation.as_rotvec(degrees=True).tolist()), tuple(shift.tolist()), pose.pivot_mm)
