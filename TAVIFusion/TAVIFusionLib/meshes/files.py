"""Meshes in files: STL, VTP, VTK and OBJ. A file states its frame the way Slicer does, by SPACE=LPS or SPACE=RAS."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np

from CorrespondCoreLib.errors import InputError, OutputError
from CorrespondCoreLib.files import whole_file

from .mesh import Mesh
from .vtk_surface import mesh_of, polydata_of, vtk_module

FRAMES = ("LPS", "RAS")
_READERS = {"stl": "vtkSTLReader", "vtp": "vtkXMLPolyDataReader", "vtk": "vtkPolyDataReader", "obj": "vtkOBJReader"}
_KINDS = ", ".join(kind.upper() for kind in _READERS)
_COMMENT = "Correspond, mm, SPACE=LPS"
_PACKED_AT_MOST = 1100  # zlib makes data at most this many times smaller
TO_LPS = np.array([-1.0, -1.0, 1.0])


def read_mesh(path: str | Path, frame: str = "LPS") -> Mesh:
    """Read the triangles of a file, whatever its name ends with.

    Args:
        frame: of the coordinates in the file: "LPS", or "RAS" (x and y are negated).

    Returns the mesh in LPS mm; points at the same place are one.

    Raises:
        InputError: no such file, not one of STL, VTP, VTK and OBJ, damaged, without triangles, or the file itself states
            another frame. MissingPackage: VTK is absent.
    """
    path = Path(path)
    if frame not in FRAMES:
        raise InputError(f'The frame of a mesh is LPS or RAS, not "{frame}".')
    surface = read_polydata(path)
    stated = _frame_in(path, surface)
    if stated not in (None, frame):
        raise InputError(f"{path.name} states that its coordinates are {stated}, not {frame}. Choose {stated} as its frame.")
    mesh = mesh_of(surface)
    if not len(mesh.triangles):
        raise InputError(f"{path.name} has no triangles (lines or points alone make no surface). Choose a surface mesh.")
    return mesh if frame == "LPS" else Mesh(mesh.points_mm * TO_LPS, mesh.triangles)


def read_polydata(path: Path) -> Any:
    """The vtkPolyData in a file, its coordinates as they are.

    Raises:
        InputError, MissingPackage: see `read_mesh`.
    """
    return _read(path, _kind_of(path))


def stated_frame(path: str | Path) -> str | None:
    """The frame that a mesh file states, as Slicer and `write_mesh` do (SPACE=RAS); None if it states none.

    Raises:
        InputError, MissingPackage: see `read_mesh`.
    """
    path = Path(path)
    kind = _kind_of(path)
    return _frame_in(path, _read(path, kind) if kind == "vtp" else None)


def write_mesh(mesh: Mesh, path: str | Path) -> None:
    """Write a mesh in LPS mm, whole or not at all; the name's end says as what: .stl, .vtp, .vtk or .obj.

    Raises:
        InputError: another ending. OutputError: it cannot be written. MissingPackage: VTK is absent.
    """
    kind = kind_to_write(path)
    with whole_file(path) as temporary:
        if kind == "obj":
            _write_obj(mesh, temporary)
            return
        vtk = vtk_module()
        writer = getattr(vtk, _READERS[kind].replace("Reader", "Writer"))()
        surface = polydata_of(mesh)
        if kind == "vtp":
            _state_frame(surface)
            writer.SetCompressorTypeToZLib()
            writer.SetDataModeToBinary()
        else:
            writer.SetHeader(_COMMENT)
            writer.SetFileTypeToBinary()
        writer.SetFileName(str(temporary))
        writer.SetInputData(surface)
        if not writer.Write():
            raise OutputError(f"{Path(path).name} could not be written completely. Free some space or choose another folder.")


def kind_to_write(path: str | Path) -> str:
    """What a mesh file of that name will be: "stl", "vtp", "vtk" or "obj".

    Raises:
        InputError: another ending.
    """
    kind = Path(path).suffix.lower().lstrip(".")
    if kind not in _READERS:
        raise InputError(f"A mesh is written as {_KINDS}: let the name of {Path(path).name} end accordingly.")
    return kind


def _write_obj(mesh: Mesh, path: Path) -> None:
    lines = [f"# {_COMMENT}"]
    lines += [f"v {x:.9g} {y:.9g} {z:.9g}" for x, y, z in mesh.points_mm.tolist()]
    lines += [f"f {a} {b} {c}" for a, b, c in (mesh.triangles + 1).tolist()]
    path.write_text("\n".join(lines) + "\n", encoding="ascii")


def _state_frame(surface: Any) -> None:
    text = vtk_module().vtkStringArray()
    text.SetName("SPACE")
    text.InsertNextValue("LPS")
    surface.GetFieldData().AddArray(text)


def _frame_in(path: Path, surface: Any) -> str | None:
    """From the comment in a file's header, or from the field data of a VTP file."""
    array = surface.GetFieldData().GetAbstractArray("SPACE") if surface is not None else None
    if array is not None and array.IsA("vtkStringArray") and array.GetNumberOfValues() and array.GetValue(0) in FRAMES:
        return array.GetValue(0)
    found = re.search(rb"SPACE=(LPS|RAS)", _ends_of(path)[0])
    return found[1].decode() if found else None


def _read(path: Path, kind: str) -> Any:
    """The polydata in a file; what VTK only prints becomes an error."""
    vtk = vtk_module()
    grid = kind == "vtk" and b"UNSTRUCTURED_GRID" in _ends_of(path)[0][:512]
    reader = getattr(vtk, "vtkUnstructuredGridReader" if grid else _READERS[kind])()
    reader.SetFileName(str(path))
    usual, caught = vtk.vtkOutputWindow.GetInstance(), vtk.vtkStringOutputWindow()
    vtk.vtkOutputWindow.SetInstance(caught)
    try:
        reader.Update()
    finally:
        vtk.vtkOutputWindow.SetInstance(usual)
    said = caught.GetOutput()
    if "error" in said.lower() or reader.GetErrorCode():
        found = re.search(r"\): (.+)", said) or re.search(r"(Error .+)", said)
        reason = found[1].rstrip("!. ") if found else "its data end too early"
        raise InputError(f"{path.name} cannot be read as {kind.upper()}: {reason}. It may be damaged: export it again.")
    if not grid:
        return reader.GetOutput()
    surface = vtk.vtkGeometryFilter()
    surface.SetInputData(reader.GetOutput())
    surface.Update()
    return surface.GetOutput()


def _kind_of(path: Path) -> str:
    """What a file is by its first bytes.

    Raises:
        InputError: absent, empty, foreign, or it announces more than it holds.
    """
    if not path.is_file():
        raise InputError(f"There is no mesh file {path}.")
    size = path.stat().st_size
    head, start = _ends_of(path)
    if size == 0:
        raise InputError(f"{path.name} is an empty file.")
    text = head.lstrip()
    if text.startswith(b"# vtk DataFile"):
        announced = [int(n) for n in re.findall(rb"\n(?:POINTS|POLYGONS)\s+(\d+)", head)]
        return _held(path, "vtk", sum(announced) * 6 <= size)
    if text.startswith((b"<?xml", b"<VTKFile")) and b'type="PolyData"' in head:
        announced = [int(n) for n in re.findall(rb'NumberOf(?:Points|Verts|Lines|Strips|Polys)="(\d+)"', head)]
        return _held(path, "vtp", sum(announced) * 4 <= size * _PACKED_AT_MOST and b"</VTKFile>" in start)
    if text.startswith(b"solid") and b"facet" in head:
        return _held(path, "stl", b"endsolid" in start)
    if re.search(rb"(?:^|\n)\s*v\s+[-+.\d]", head):
        return "obj"
    if size >= 84 and path.suffix.lower() == ".stl":
        return _held(path, "stl", size >= 84 + 50 * int.from_bytes(head[80:84], "little"))
    raise InputError(f"{path.name} is no mesh that can be read: {_KINDS} with triangles are known.")


def _held(path: Path, kind: str, held: bool) -> str:
    if not held:
        raise InputError(f"{path.name} is truncated: it announces more than it holds. Copy or export it again.")
    return kind


def _ends_of(path: Path) -> tuple[bytes, bytes]:
    """The first 64 kB of a file, where headers are, and its last kB."""
    with open(path, "rb") as file:
        head = file.read(1 << 16)
        file.seek(max(path.stat().st_size - 1024, 0))
        return head, file.read()
