"""parameterNodeWrapper: the class decorator, and the binding of its instances to widgets."""

import slicer
import vtk

from .guiConnectors import createGuiConnector
from .parameterInfo import collectParameters, rebuild
from .parameterPack import member

BOUND_TO = "SlicerParameterName"
OF_THE_NODE = ("StartModify", "EndModify", "AddObserver", "RemoveObserver", "Modified")


class _Wrapper:
    """What every wrapped class has, besides the methods of the node."""

    def __init__(self, parameterNode):
        self.parameterNode, self._guis = parameterNode, {}
        for name in OF_THE_NODE:
            setattr(self, name, getattr(parameterNode, name))
        modified = parameterNode.StartModify()
        for name, info in self.allParameters.items():
            if not info.serializer.isIn(parameterNode, name):
                info.serializer.write(parameterNode, name, info.default)
        parameterNode.EndModify(modified)

    def getValue(self, name):
        head, _, rest = name.partition(".")
        value = self.allParameters[head].serializer.read(self.parameterNode, head)
        return value.getValue(rest) if rest else value

    def setValue(self, name, value):
        head, _, rest = name.partition(".")
        if rest:
            self.getValue(head).setValue(rest, value)
            return
        self.allParameters[head].validate(value)
        self.allParameters[head].serializer.write(self.parameterNode, head, value)

    @classmethod
    def dataType(cls, membername):
        head, _, rest = membername.partition(".")
        datatype = cls.allParameters[head].unalteredType
        return datatype.dataType(rest) if rest else datatype

    def connectGui(self, gui):
        """Bind all widgets that name a parameter; `gui` is a widget, or an object whose attributes are widgets.

        Some versions of Slicer return no tag, so that nothing can be disconnected; connectParametersToGui always does.
        """
        widgets = slicer.util.findChildren(gui) if hasattr(gui, "children") else list(vars(gui).values())
        named = [widget for widget in widgets if hasattr(widget, "property") and widget.property(BOUND_TO)]
        self._connect([(widget.property(BOUND_TO), widget) for widget in named])

    def connectParametersToGui(self, mapping):
        """Bind widgets by {parameter: widget}."""
        return self._connect(list(mapping.items()))

    def _connect(self, pairs):
        gui = _Gui(self, pairs)
        self._guis[gui.tag] = gui
        return gui.tag

    def disconnectGui(self, guiTag):
        if guiTag in self._guis:
            self._guis.pop(guiTag).close()


class _Gui:
    """Widgets bound to one wrapper: the node is written when the user changes a widget, the widgets follow the node."""

    def __init__(self, wrapper, pairs):
        unknown = [name for name, _ in pairs if name.partition(".")[0] not in wrapper.allParameters]
        if unknown:
            raise ValueError(f"Widgets are bound to parameters that do not exist: {', '.join(unknown)}")
        self._wrapper, self._updating = wrapper, False
        self._connectors = [(name, createGuiConnector(widget, wrapper.dataType(name))) for name, widget in pairs]
        self._show()
        for name, connector in self._connectors:
            connector.onChanged(lambda name=name, connector=connector: self._changed(name, connector))
        self.tag = wrapper.AddObserver(vtk.vtkCommand.ModifiedEvent, lambda *_: self._show())

    def _changed(self, name, connector):
        if not self._updating:
            self._wrapper.setValue(name, connector.read())

    def _show(self):
        if self._updating:
            return
        self._updating = True
        try:
            for name, connector in self._connectors:
                connector.write(self._wrapper.getValue(name))
        finally:
            self._updating = False

    def close(self):
        self._wrapper.RemoveObserver(self.tag)
        for _, connector in self._connectors:
            connector.close()


def parameterNodeWrapper(classtype):
    """Class decorator: annotated members become properties that are kept in the parameter node given to the constructor."""
    reserved = [name for name in vars(_Wrapper) if not name.startswith("_")]
    infos = collectParameters(classtype, [*reserved, *OF_THE_NODE, "allParameters", "parameterNode", "isCached", "default"])
    return rebuild(classtype, _Wrapper, infos, member)
