"""The paper's mode (section II-C): an affine map M that lays the projected model over the segmented vessel, picture to picture.

The model is projected by parallel rays (see `paper_projection`), a region of it is chosen, and M (2, 3) takes its pixels (column,
row) to those of the frame: equation 4. A picture has no depth: M cannot undo the parallax of the cone beam.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from CorrespondCoreLib.errors import InputError

from ..carm import CArm
from ..meshes import Mesh
from ..metrics import frame_scores
from ..paper_projection import parallel, project_parallel
from ..pose import Pose
from ..silhouette import silhouette
from .affine_search import direct_matrix, moments_matrix
from .pictures import full_matrix, resized, warped

if TYPE_CHECKING:
    from ..networks.matching import AffineMatchingNetwork

METHODS = ("identity", "moments", "direct", "network")


@dataclass(frozen=True)
class AffineAlignment:
    """An affine map from the projected model to the frame.

    Attributes:
        matrix: (2, 3) M, moving (column, row) to fixed.
        method: one of `METHODS`.
        dsc, precision, recall: of the model's warped region against the vessel, from one table.
    """

    matrix: np.ndarray
    method: str
    dsc: float
    precision: float
    recall: float

    def apply(self, pixels: np.ndarray) -> np.ndarray:
        """(N, 2) pixels of the projected model to pixels of the frame."""
        return np.asarray(pixels, dtype=float) @ self.matrix[:, :2].T + self.matrix[:, 2]

    def project(self, points_mm: np.ndarray, carm: CArm, pose: Pose | None = None) -> np.ndarray:
        """Where points (N, 3) LPS mm of the model are drawn in the frame, (N, 2) pixels."""
        return self.apply(project_parallel((pose or Pose()).apply(points_mm), carm))


def projected_region(
    mesh: Mesh, carm: CArm, pose: Pose | None = None, region_px: tuple[int, int, int, int] | None = None
) -> np.ndarray:
    """The moving picture: (rows, columns) bool, the model's shadow under parallel rays, inside of a region only.

    Args:
        region_px: left, top, right, bottom, the latter two not included; all of the picture if None.

    Raises:
        InputError: the geometry is incomplete, or the region shows nothing of the model.
    """
    shadow = silhouette(mesh, parallel(carm), pose or Pose())
    if region_px is not None:
        left, top, right, bottom = (max(0, value) for value in region_px)
        inside = np.zeros_like(shadow)
        inside[top:bottom, left:right] = True
        shadow = shadow & inside
    if not shadow.any():
        raise InputError("The region shows nothing of the projected model: draw it where the model is, or check the isocenter.")
    return shadow


def align_affine(
    moving: np.ndarray, fixed: np.ndarray, method: str = "network", network: AffineMatchingNetwork | None = None
) -> AffineAlignment:
    """M from the projected model to the vessel.

    Args:
        moving, fixed: (rows, columns) bool masks of one size: see `projected_region`, and the segmented frame.
        method: "network" (paper), "moments", "direct" (optimisation of soft Dice from the moments on), or "identity".
        network: trained, for the method network.

    Raises:
        InputError: pictures of two sizes, an empty one, no network, or a map that folds the picture.
    """
    if method not in METHODS:
        raise InputError(f"Affine method: {method!r} is unknown; choose one of {', '.join(METHODS)}.")
    moving, fixed = np.asarray(moving, dtype=bool), np.asarray(fixed, dtype=bool)
    if moving.shape != fixed.shape:
        raise InputError(f"The projected model has the shape {moving.shape}, the frame {fixed.shape}: they must be the same.")
    for name, picture in (("projected model", moving), ("vessel's mask", fixed)):
        if not picture.any():
            raise InputError(f"The {name} is empty: there is nothing to align.")
    if method == "network":
        matrix = _by_network(moving, fixed, network)
    elif method == "identity":
        matrix = np.eye(2, 3)
    else:
        matrix = moments_matrix(moving, fixed) if method == "moments" else direct_matrix(moving, fixed)
    scores = frame_scores(warped(moving, matrix) >= 0.5, fixed)
    return AffineAlignment(matrix, method, scores["dsc"], scores["precision"], scores["recall"])


def _by_network(moving: np.ndarray, fixed: np.ndarray, network: AffineMatchingNetwork | None) -> np.ndarray:
    if network is None:
        raise InputError("The paper's mode needs a matching network. Install or train one, or choose moments or direct.")
    import torch

    from ..networks.transformer import pixel_matrix

    device = next(network.parameters()).device
    size = network.trained_side, network.trained_side
    pictures = [torch.from_numpy(resized(picture, size)[None, None]).to(device) for picture in (moving, fixed)]
    with torch.inference_mode():
        theta = network.eval()(*pictures)[0].double().cpu().numpy()
    return full_matrix(pixel_matrix(theta, size), moving.shape[::-1], size)
