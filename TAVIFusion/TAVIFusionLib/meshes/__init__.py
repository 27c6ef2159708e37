"""Triangle meshes of the aorta: the object, its files, what can be wrong with it, and which frame it is in."""

from .checks import check_mesh
from .files import FRAMES, kind_to_write, read_mesh, stated_frame, write_mesh
from .frame import FrameSuggestion, frame_suggestion
from .mesh import Mesh

__all__ = [
    "FRAMES",
    "FrameSuggestion",
    "Mesh",
    "check_mesh",
    "frame_suggestion",
    "kind_to_write",
    "read_mesh",
    "stated_frame",
    "write_mesh",
]
