"""The widgets of a panel, in step with the parameter node of the scene."""

import vtk


class ParameterBinding:
    """Binds the widgets that name a parameter (property SlicerParameterName) to the parameter node.

    A node that is bound stays bound: Slicer's wrapper keeps an observer for every connection that was ever made.

    Args:
        ui: has the widgets as attributes.
        logic: gives the wrapped parameter node.
        onModified: called without arguments when a parameter was changed, and when a node is bound.

    Attributes:
        node: the wrapped parameter node; None while there is none.
    """

    def __init__(self, ui, logic, onModified):
        self._widgets, self._logic, self._onModified = _bound(ui), logic, onModified
        self.node = self._gui = self._observer = None

    def bind(self):
        """Take the scene's parameter node, which is made where there is none."""
        node = self._logic.getParameterNode()
        if self.node is None or self.node.parameterNode is not node.parameterNode:
            self.release()
            self.node = node
            self._gui = node.connectParametersToGui(self._widgets)
            self._observer = node.AddObserver(vtk.vtkCommand.ModifiedEvent, lambda caller, event: self._onModified())
        self._onModified()

    def release(self):
        """Let the widgets and the node go their own ways."""
        if self.node is not None:
            self.node.disconnectGui(self._gui)
            self.node.RemoveObserver(self._observer)
            self.node = None


def _bound(ui):
    """{parameter: widget} of all widgets that name one."""
    named = {widget.property("SlicerParameterName"): widget for widget in vars(ui).values()}
    return {name: widget for name, widget in named.items() if name}
