"""parameterNodeWrapper: the class decorator, and the binding of its instances to widgets."""

import slicer
import vtk

from .guiConnectors import createGuiConnector
from .parameterInfo import collectParameters

SlicerParameterNamePropertyName = "SlicerParameterName"


def isParameterNodeWrapper(classOrObj):
    return hasattr(classOrObj if isinstance(classOrObj, type) else type(classOrObj), "_wrapperParameters")


def findChildWidgetForParameter(widget, parameter):
    """The first child widget that is bound to the parameter.

    Raises:
        ValueError: there is none.
    """
    for child in slicer.util.findChildren(widget):
        if child.property(SlicerParameterNamePropertyName) == parameter:
            return child
    raise ValueError(f"No child widget is bound to '{parameter}'")


class _Wrapper:
    """What every wrapped class has."""

    def _initialize(self, parameterNode, prefix=None):
        self.parameterNode, self._prefix, self._guis = parameterNode, prefix, {}
        modified = parameterNode.StartModify()
        for name, info in self.allParameters.items():
            if not info.serializer.isIn(parameterNode, self._key(name)):
                info.serializer.write(parameterNode, self._key(name), info.default)
        parameterNode.EndModify(modified)

    def _key(self, name):
        return f"{self._prefix}.{name}" if self._prefix else name

    def default(self, paramName):
        return self.allParameters[paramName].default

    def getValue(self, name):
        head, _, rest = name.partition(".")
        info = self.allParameters[head]
        value = info.serializer.read(self.parameterNode, self._key(head))
        return value.getValue(rest) if rest else value

    def setValue(self, name, value):
        head, _, rest = name.partition(".")
        if rest:
            self.getValue(head).setValue(rest, value)
            return
        info = self.allParameters[head]
        info.validate(value)
        info.serializer.write(self.parameterNode, self._key(head), value)

    @classmethod
    def dataType(cls, membername):
        head, _, rest = membername.partition(".")
        datatype = cls.allParameters[head].unalteredType
        return datatype.dataType(rest) if rest else datatype

    def StartModify(self):
        return self.parameterNode.StartModify()

    def EndModify(self, wasModified):
        self.parameterNode.EndModify(wasModified)

    def AddObserver(self, event, callback, priority=0.0):
        return self.parameterNode.AddObserver(event, callback, priority)

    def RemoveObserver(self, tag):
        self.parameterNode.RemoveObserver(tag)

    def Modified(self):
        self.parameterNode.Modified()

    def connectGui(self, gui):
        """Bind all widgets that name a parameter; `gui` is a widget, or an object whose attributes are widgets."""
        widgets = slicer.util.findChildren(gui) if hasattr(gui, "children") else list(vars(gui).values())
        name = SlicerParameterNamePropertyName
        return self._connect(
            [(widget.property(name), widget) for widget in widgets if hasattr(widget, "property") and widget.property(name)]
        )

    def connectParametersToGui(self, mapping):
        """Bind widgets by {parameter: widget}."""
        return self._connect(list(mapping.items()))

    def _connect(self, pairs):
        gui = _Gui(self, pairs)
        self._guis[gui.tag] = gui
        return gui.tag

    def disconnectGui(self, guiTag):
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
                value = self._wrapper.getValue(name)
                if connector.read() != value:
                    connector.write(value)
        finally:
            self._updating = False

    def close(self):
        self._wrapper.RemoveObserver(self.tag)
        for _, connector in self._connectors:
            connector.close()


def parameterNodeWrapper(classtype=None):
    """Class decorator: annotated members become properties that are kept in the parameter node given to the constructor."""
    if classtype is None:
        return parameterNodeWrapper
    reserved = [name for name in vars(_Wrapper) if not name.startswith("_")] + ["allParameters", "parameterNode", "isCached"]
    infos = collectParameters(classtype, reserved)
    members = {name: _property(name) for name in infos}
    own = {key: value for key, value in vars(classtype).items() if key not in infos and key not in ("__dict__", "__weakref__")}
    own.update(members, allParameters=infos, _wrapperParameters=infos, __init__=_Wrapper._initialize)
    return type(classtype.__name__, (_Wrapper, *[base for base in classtype.__bases__ if base is not object]), own)


def _property(name):
    return property(lambda self: self.getValue(name), lambda self, value: self.setValue(name, value))
