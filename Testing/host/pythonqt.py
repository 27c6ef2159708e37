"""PythonQt's view of Qt objects, over PySide6: what a module may write in Slicer works here, anything else is an error.

* A Qt property is a plain attribute; it hides a getter of the same name (`button.text` is a str). `name` means objectName.
* `obj.signal.connect(f)`, `obj.connect("signal(type)", f)` with the signature as Slicer declares it; `obj.signal(...)` emits.
  A slot gets as many arguments as it accepts.
* Enum values are attributes of their class and behave as int. Lists come back as tuples.
* An attribute that is not found is looked up among the direct children by object name.
* Names come from the lists: PySide's own additions and C++ methods that Slicer's Python lacks are refused.
* New attributes are accepted on Python subclasses only.
* All wrapped classes have one common base: isinstance(qt.QPushButton(), qt.QWidget) is False.
"""

from __future__ import annotations

import enum
import inspect
import pathlib

import shiboken6
from PySide6 import QtCore

from . import lists
from .members import extra_members, has_property, is_member, normalized, public_name, qt_names, qt_part

_proxy_classes: dict[type, type] = {}
_living: dict[int, Proxy] = {}  # address of a QObject -> its one proxy


class EnumValue(int):
    """An enum member that behaves as int and remembers what PySide needs."""

    def __new__(cls, member):
        value = member.value
        self = int.__new__(cls, value if isinstance(value, int) else 0)
        self._member = member
        return self

    def _combine(self, other, operation):
        if isinstance(self._member, enum.Flag):
            return EnumValue(operation(self._member, type(self._member)(int(other))))
        return operation(int(self), int(other))

    def __or__(self, other):
        return self._combine(other, lambda a, b: a | b)

    def __and__(self, other):
        return self._combine(other, lambda a, b: a & b)

    def __invert__(self):
        return EnumValue(~self._member) if isinstance(self._member, enum.Flag) else ~int(self)

    __ror__, __rand__, __hash__ = __or__, __and__, int.__hash__


def unwrap(value):
    """What PySide is given for a value from module code."""
    if isinstance(value, Proxy):
        return value._qt
    if isinstance(value, EnumValue):
        return value._member
    if isinstance(value, ProxyMeta):
        return value._class
    if isinstance(value, (list, tuple)):
        return [unwrap(item) for item in value]
    return str(value) if isinstance(value, pathlib.PurePath) else value


def wrap(value):
    """What module code is given for a value from PySide."""
    if isinstance(value, enum.Enum):
        return EnumValue(value)
    if type(value).__name__ == "QOverrideCursorGuard":
        return None  # PySide's own; Qt's method returns nothing
    if isinstance(value, QtCore.QObject):
        known = _living.get(shiboken6.getCppPointer(value)[0])
        if known is not None and shiboken6.isValid(known._qt):
            return known
    if isinstance(value, shiboken6.Object):
        proxy = object.__new__(proxy_class(type(value)))
        _bind(proxy, value)
        return proxy
    if isinstance(value, (list, tuple)):
        return tuple(wrap(item) for item in value)
    return value


def _bind(proxy, qt_object):
    object.__setattr__(proxy, "_qt", qt_object)
    if isinstance(qt_object, QtCore.QObject):
        address = shiboken6.getCppPointer(qt_object)[0]
        _living[address] = proxy
        qt_object.destroyed.connect(lambda *_: _living.pop(address, None))


def _method(function):
    def call(*args):
        return wrap(function(*map(unwrap, args)))

    call.native = function
    return call


def _receiver(slot, sent: int):
    """A function for PySide that calls the slot with only as many of the signal's arguments as it accepts.

    It has exactly that many parameters, because PySide chooses among a signal's forms by counting them.
    """
    if hasattr(slot, "native"):
        return slot.native
    try:
        parameters = inspect.signature(slot).parameters.values()
    except (TypeError, ValueError):
        accepted = sent
    else:
        several = any(p.kind == p.VAR_POSITIONAL for p in parameters)
        accepted = sent if several else sum(p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) for p in parameters)
    forms = (
        lambda: slot(),
        lambda a: slot(wrap(a)),
        lambda a, b: slot(wrap(a), wrap(b)),
        lambda a, b, c: slot(wrap(a), wrap(b), wrap(c)),
        lambda a, b, c, d: slot(wrap(a), wrap(b), wrap(c), wrap(d)),
    )
    return forms[min(accepted, sent)]


class Signal:
    """`obj.signal`: connect, disconnect, and emission by calling it."""

    def __init__(self, owner, name: str, bound, arguments: int):
        self._owner, self._name, self._bound, self._arguments = owner, name, bound, arguments

    def _connected(self, slot) -> list:
        """The functions that PySide calls for this slot; a bound method is a new object each time it is asked for."""
        key = self._name, id(getattr(slot, "__self__", None)), getattr(slot, "__func__", slot)
        return vars(self._owner).setdefault("_connections", {}).setdefault(key, [])

    def connect(self, receiver, slot: str = "") -> bool:
        receiver = getattr(receiver, slot.split("(")[0]) if slot else receiver
        function = receiver._bound if isinstance(receiver, Signal) else _receiver(receiver, self._arguments)
        self._connected(receiver).append(function)
        self._bound.connect(function)
        return True

    def disconnect(self, receiver) -> bool:
        known = self._connected(receiver)
        if not known:
            return False
        self._bound.disconnect(known.pop())
        return True

    def __call__(self, *args):
        self._bound.emit(*map(unwrap, args))


class ProxyMeta(type):
    """Class attributes: static methods and enum values."""

    def __getattr__(cls, name):
        if name.startswith("__") or name == "_class":
            raise AttributeError(name)
        public = public_name(cls._class)
        value = lists.enum_value(public, name)
        if value is not None:
            return value
        if not is_member(public, name) or not hasattr(cls._class, name):
            if name in lists.listed_members(public):
                raise lists.NotInHost(f"{public}.{name} exists in Slicer, not in the host")
            raise AttributeError(f"type object '{public}' has no attribute '{name}'")
        value = getattr(cls._class, name)
        return EnumValue(value) if isinstance(value, enum.Enum) else _method(value)


class Proxy(metaclass=ProxyMeta):
    """A wrapped value (QColor, QSize, ...) or, as ObjectProxy, a QObject."""

    _class: type = object

    def __init__(self, *args, **properties):
        cls = type(self)._class
        if lists.widgets().get(cls.__name__, {"new": ""})["new"] is None:
            raise TypeError(f"{cls.__name__} cannot be created from Python")
        if getattr(cls, "made_by_host", False):
            raise lists.NotInHost(f"in the host a {cls.__name__} exists only where the desktop made it")
        overrides = {}
        for part in type(self).__mro__:
            if "_generated" in vars(part):
                break
            for name, function in vars(part).items():
                if not name.startswith("_") and callable(function) and hasattr(cls, name):
                    overrides.setdefault(name, self._virtual(name))
        if overrides:
            cls = type(type(self).__name__, (cls,), overrides)
        _bind(self, cls(*map(unwrap, args)))
        for name, value in properties.items():
            setattr(self, name, value)

    @staticmethod
    def _virtual(name):
        return lambda qt_object, *args: unwrap(getattr(wrap(qt_object), name)(*map(wrap, args)))

    def __getattr__(self, name):
        if name == "_qt" or name.startswith("__"):
            raise AttributeError(name)
        return self._member(name)

    def _member(self, name):
        qt_object = self._qt
        public = public_name(type(qt_object))
        name = "exec" if name == "exec_" else name
        if name in extra_members.get(public, {}):
            return extra_members[public][name].__get__(self)
        if not is_member(public, name):
            raise AttributeError(f"{public} has no attribute named '{name}'")
        value = lists.enum_value(public, name)
        if value is not None:
            return value
        if not hasattr(qt_object, name):
            raise lists.NotInHost(f"{public}.{name} exists in Slicer, not in the host")
        value = getattr(qt_object, name)
        if isinstance(value, QtCore.SignalInstance):
            return self._signal(name)
        return _method(value) if callable(value) else wrap(value)

    def __setattr__(self, name, value):
        if "_generated" in vars(type(self)):
            raise AttributeError(f"'{type(self).__name__}' has no attribute '{name}' and new attributes are not allowed on it.")
        object.__setattr__(self, name, value)

    def __eq__(self, other):
        if not isinstance(other, Proxy):
            return False
        return self._qt is other._qt if isinstance(self._qt, QtCore.QObject) else self._qt == other._qt

    def __hash__(self):
        return hash(id(self._qt))

    def __repr__(self):
        return f"{type(self).__name__} (at: {id(self._qt):#x})"


class ObjectProxy(Proxy):
    """A wrapped QObject."""

    def _property(self, name: str) -> QtCore.QMetaProperty | None:
        meta, public = self._qt.metaObject(), public_name(type(self._qt))
        if name == "name" and not has_property(public, name):
            name = "objectName"
        index = meta.indexOfProperty(name) if has_property(public, name) else -1
        return meta.property(index) if index >= 0 else None

    def _is_dynamic(self, name: str) -> bool:
        return name.encode() in [bytes(found.data()) for found in self._qt.dynamicPropertyNames()]

    def __getattr__(self, name):
        if name == "_qt" or name.startswith("__"):
            raise AttributeError(name)
        if not shiboken6.isValid(self._qt):
            raise ValueError(f"Trying to access '{name}' of a destroyed {type(self).__name__} object")
        found = self._property(name)
        if found is not None:
            return self._read(found)
        if self._is_dynamic(name):
            return wrap(self._qt.property(name))
        try:
            return self._member(name)
        except AttributeError:
            child = next((child for child in self._qt.children() if name and child.objectName() == name), None)
            if child is None:
                raise
            return wrap(child)

    def _read(self, found: QtCore.QMetaProperty):
        if not found.isEnumType():
            return wrap(found.read(self._qt))
        getter = getattr(self._qt, found.name())  # PySide cannot convert every enum property
        return wrap(getter() if callable(getter) else getter)

    def __setattr__(self, name, value):
        found = self._property(name)
        if found is None:
            if self._is_dynamic(name):
                self._qt.setProperty(name, unwrap(value))
            elif has_property(public_name(type(self._qt)), name):
                raise lists.NotInHost(f"{type(self).__name__}.{name} exists in Slicer, not in the host")
            else:
                super().__setattr__(name, value)
            return
        if not lists.properties(public_name(type(self._qt))).get(name, ("", found.isWritable()))[1]:
            raise AttributeError(f"Property '{name}' of '{type(self).__name__}' object is not writable")
        plain = unwrap(value)
        setter = getattr(self._qt, f"set{name[0].upper()}{name[1:]}", None)
        if found.isEnumType() and setter is not None:
            setter(plain)
        elif not found.write(self._qt, plain):
            raise ValueError(
                f"Property '{name}' of type '{found.typeName()}' does not accept {value!r} of type {type(value).__name__}"
            )

    def __bool__(self):
        return shiboken6.isValid(self._qt)

    def _signal(self, signature: str) -> Signal:
        name = signature.split("(")[0]
        public = public_name(type(self._qt))
        known = [*lists.collect(public, "signals"), *qt_names(qt_part(public))[2]]
        overloads = [text for text in known if text.startswith(f"{name}(")]
        wanted = normalized(signature) if "(" in signature else None
        if not overloads or (wanted and wanted not in overloads):
            raise AttributeError(f"QObject::connect() signal '{signature}' does not exist on {public}")
        bound = getattr(self._qt, name, None)
        if bound is None:
            raise lists.NotInHost(f"signal {public}.{signature} exists in Slicer, not in the host")
        form = wanted or overloads[0]
        kind = {"bool": bool, "QString": str, "double": float, "int": int}.get(form[len(name) + 1 : -1])
        if kind is not None and form != overloads[0]:
            bound = bound[kind]
        arguments = 0 if form.endswith("()") else form.count(",") + 1
        return Signal(self, wanted or name, bound, arguments)

    def connect(self, signal: str, receiver, slot: str = "") -> bool:
        return self._signal(signal).connect(receiver, slot)

    def disconnect(self, signal: str, receiver) -> bool:
        return self._signal(signal).disconnect(receiver)

    def className(self) -> str:
        return public_name(type(self._qt))

    def delete(self):
        shiboken6.delete(self._qt)

    def property(self, name: str):
        return wrap(self._qt.property(name))


def proxy_class(cls: type) -> type:
    """The Python class that stands for a PySide class."""
    name = public_name(cls)
    while cls.__name__ != name:
        cls = cls.__mro__[1]
    if cls not in _proxy_classes:
        base = ObjectProxy if issubclass(cls, QtCore.QObject) else Proxy
        _proxy_classes[cls] = ProxyMeta(name, (base,), {"_class": cls, "_generated": True})
    return _proxy_classes[cls]
