"""The border between Slicer's scene (RAS) and the libraries (SimpleITK, LPS, mm): one door to the files mrml_*.py.

Voxels are copied once, from one memory to the other; node geometry is taken as it is, oblique and left-handed included.
slicer and vtk are imported inside functions.
"""

from .mrml_geometry import RAS_TO_LPS, array_of_matrix, set_geometry, voxel_to_lps, vtk_matrix
from .mrml_points import markups_from_points, points_from_markups
from .mrml_segments import mask_from_segment
from .mrml_transforms import (
    field_from_grid_transform,
    field_on_grid,
    grid_transform_from_field,
    linear_transform_from_affine,
    transform_from_node,
)
from .mrml_volumes import image_from_volume, volume_from_image

__all__ = [
    "RAS_TO_LPS",
    "array_of_matrix",
    "field_from_grid_transform",
    "field_on_grid",
    "grid_transform_from_field",
    "image_from_volume",
    "linear_transform_from_affine",
    "markups_from_points",
    "mask_from_segment",
    "points_from_markups",
    "set_geometry",
    "transform_from_node",
    "volume_from_image",
    "voxel_to_lps",
    "vtk_matrix",
]
