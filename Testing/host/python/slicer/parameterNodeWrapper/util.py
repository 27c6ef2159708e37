"""Questions about annotated types."""

import typing

import slicer


def splitAnnotations(possiblyAnnotatedType):
    """(type, list of annotations)."""
    if typing.get_origin(possiblyAnnotatedType) is typing.Annotated:
        kind, *annotations = typing.get_args(possiblyAnnotatedType)
        return kind, annotations
    return possiblyAnnotatedType, []


def unannotatedType(possiblyAnnotatedType):
    return splitAnnotations(possiblyAnnotatedType)[0]


def findFirstAnnotation(annotationsList, annotationType):
    return next((entry for entry in annotationsList if isinstance(entry, annotationType)), None)


def _members(datatype):
    """Of typing.Union; the real wrapper does not know unions written as A | B (types.UnionType), so they are no union here."""
    kind = unannotatedType(datatype)
    return typing.get_args(kind) if typing.get_origin(kind) is typing.Union else (kind,)


def isNodeOrUnionOfNodes(datatype):
    """Whether the type is a node class or a union of node classes and None."""
    members = [member for member in _members(datatype) if member is not type(None)]
    return bool(members) and all(isinstance(member, type) and issubclass(member, slicer.vtkMRMLNode) for member in members)


def getNodeTypes(datatype):
    """Class names of the nodes that the type allows."""
    return [member.__name__ for member in _members(datatype) if member is not type(None)]
