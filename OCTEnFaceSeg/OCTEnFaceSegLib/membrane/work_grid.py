"""The volume on the grid that the search works on: A-scans averaged in groups, intensities between 0 and 1."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

GROUP_MM = 0.045
FINEST_UM = 3.0


@dataclass
class WorkGrid:
    """Intensities (B-scans, rows, columns) float32, 0 = vitreous, about 1 = brightest layers.

    Attributes:
        valid: (B-scans,) False where a B-scan is constant or empty.
        center: (columns,) A-scan that each column's middle lies at. ascans: of the volume.
        row_um: depth of a row. rows: voxels of the volume per row.
        x_mm, z_mm: of columns and B-scans.
    """

    intensity: np.ndarray
    valid: np.ndarray
    center: np.ndarray
    ascans: int
    row_um: float
    rows: int
    x_mm: np.ndarray
    z_mm: np.ndarray

    @classmethod
    def of(cls, volume: np.ndarray, spacing_mm: tuple[float, float, float]) -> WorkGrid:
        """From a volume (B-scans, depth, A-scans) of any intensity scale; values that are not finite count as dark."""
        across, along, between = spacing_mm
        bscans, depth, ascans = volume.shape
        group = max(1, min(round(GROUP_MM / across), ascans // 16))
        rows = max(1, min(round(FINEST_UM / (1000 * along)), depth // 64))
        starts = np.arange(0, ascans - group + 1, group)
        intensity = np.empty((bscans, depth // rows, len(starts)), np.float32)
        valid = np.empty(bscans, bool)
        for b, raw in enumerate(volume):
            bscan = np.nan_to_num(np.asarray(raw, np.float32), nan=0.0, posinf=0.0, neginf=0.0)
            means = np.add.reduceat(bscan[:, : starts[-1] + group], starts, axis=1) / np.float32(group)
            means = means[: depth // rows * rows].reshape(depth // rows, rows, -1).mean(axis=1)
            low, high = np.percentile(means, (10, 99.5))
            valid[b] = high - low > 1e-6 * max(abs(high), abs(low), 1e-6)
            intensity[b] = np.clip((means - low) / (high - low), -0.5, 2.0) if valid[b] else 0.0
        return cls(
            intensity=ndimage.gaussian_filter1d(intensity, 3.0 / (1000 * along * rows), axis=1),
            valid=valid,
            center=starts + (group - 1) / 2,
            ascans=ascans,
            row_um=1000 * along * rows,
            rows=rows,
            x_mm=(starts + (group - 1) / 2) * across,
            z_mm=np.arange(bscans) * between,
        )

    def to_voxels(self, row: np.ndarray) -> np.ndarray:
        """Depth in voxels of the volume from depth in rows."""
        return row * self.rows + (self.rows - 1) / 2

    def to_ascans(self, values: np.ndarray) -> np.ndarray:
        """(B-scans, A-scans) float32 from (B-scans, columns): linear, and the slope at the ends goes on."""
        at = np.arange(self.ascans)
        left = np.clip(np.searchsorted(self.center, at) - 1, 0, len(self.center) - 2)
        share = (at - self.center[left]) / (self.center[left + 1] - self.center[left])
        return np.asarray(values[:, left] * (1 - share) + values[:, left + 1] * share, np.float32)
