"""What the networks are trained for: the papers' weighted sums, as means over the volume and in mm.

The multilevel paper states integrals over the field of view. Divided by its volume they keep their proportions, and all but the
keypoint term become means; the keypoint term, which is no integral, is divided by the volume in mm^3.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

from ..geometry.lattice import Lattice
from .curvature import curvature_loss
from .keypoint_distance import keypoint_loss
from .lncc import lncc_loss
from .mask_alignment import mask_alignment_loss
from .ngf import ngf_loss
from .total_variation import diffusion_loss, total_variation_loss
from .volume_change import level_threshold, volume_change_loss


@dataclass(frozen=True)
class CorrelationObjective:
    """Local correlation and smoothness: the recursive refinement network's and VoxelMorph's. Images in 0..1."""

    window: int = 9  # voxels; the paper does not say
    smoothness: str = "total_variation"  # RRN, eq. 5; "diffusion" is the original code's
    weight: float = 0.01  # RRN, section 3.1

    @classmethod
    def of_original_code(cls) -> CorrelationObjective:
        """What the original code of RRN minimizes by default."""
        return cls(window=5, smoothness="diffusion", weight=1.25)

    def terms(
        self, fixed: torch.Tensor, warped: torch.Tensor, field_mm: torch.Tensor, spacing_mm: tuple[float, float, float]
    ) -> dict[str, torch.Tensor]:
        """Weighted terms by name; their sum is the loss. Images (N, 1, z, y, x), field (N, 3, z, y, x)."""
        smoothness = total_variation_loss if self.smoothness == "total_variation" else diffusion_loss
        return {
            "similarity": lncc_loss(fixed, warped, self.window),
            self.smoothness: self.weight * smoothness(field_mm, spacing_mm),
        }


@dataclass(frozen=True)
class Anatomy:
    """What is known of a pair besides the images; what is None adds no term.

    Attributes:
        lung: mask of the fixed image, (1, 1, z, y, x); edges are compared inside of it.
        fixed_labels, moving_labels: one-hot masks (1, labels, z, y, x).
        fixed_keypoints_mm, moving_keypoints_mm: (N, 3), LPS mm.
    """

    lung: torch.Tensor | None = None
    fixed_labels: torch.Tensor | None = None
    moving_labels: torch.Tensor | None = None
    fixed_keypoints_mm: torch.Tensor | None = None
    moving_keypoints_mm: torch.Tensor | None = None


@dataclass(frozen=True)
class AnatomicalObjective:
    """Edges, curvature, masks, volume change, keypoints: the multilevel network's (Hering et al. 2021, eq. 8). Images in HU."""

    curvature: float = 10.0  # alpha, section 4.3
    masks: float = 1.0  # beta
    volume_change: float = 0.01  # gamma
    keypoints: float = 1e7  # delta, in mm: divided by the volume of the field of view
    keypoints_at_coarsest: bool = False  # the paper has delta = 0 at the coarsest level
    edge: float = 1.0  # HU/mm

    def terms(
        self,
        fixed: torch.Tensor,
        warped: torch.Tensor,
        field_mm: torch.Tensor,
        lattice: Lattice,
        level: int,
        levels: int,
        anatomy: Anatomy,
    ) -> dict[str, torch.Tensor]:
        """Weighted terms by name for one pair; their sum is the loss.

        Args:
            fixed, warped: (1, 1, z, y, x), HU, on the lattice.
            field_mm: (1, 3, z, y, x), the total field.
            lattice: where the level's voxels are.
            level, levels: 1 is the finest; sets the barrier's threshold, and whether keypoints count.
            anatomy: masks and keypoints.
        """
        spacing = lattice.spacing_mm
        terms = {
            "similarity": ngf_loss(fixed, warped, spacing, self.edge, anatomy.lung),
            "curvature": self.curvature * curvature_loss(field_mm, spacing),
            "volume_change": self.volume_change * volume_change_loss(field_mm, spacing, level_threshold(level, levels)),
        }
        if anatomy.fixed_labels is not None and anatomy.moving_labels is not None:
            terms["masks"] = self.masks * mask_alignment_loss(anatomy.fixed_labels, anatomy.moving_labels, field_mm, spacing)
        known = level < levels or self.keypoints_at_coarsest
        if known and anatomy.fixed_keypoints_mm is not None and anatomy.moving_keypoints_mm is not None:
            volume_mm3 = fixed[0, 0].numel() * lattice.voxel_volume_mm3
            distance = keypoint_loss(field_mm, lattice, anatomy.fixed_keypoints_mm, anatomy.moving_keypoints_mm)
            terms["keypoints"] = self.keypoints / volume_mm3 * distance
        return terms
