"""The C-arm: a cone-beam camera from DICOM's positioner angles and distances.

Patient coordinates are LPS mm. Image points are (column, row) in pixels, the center of the first pixel is (0, 0). The primary
angle (0018,1510) is positive towards the left of the patient (LAO), the secondary (0018,1511) towards the head (CRA). The image
is what DICOM displays: at 0/0 the left of the patient is right in the image, the head is up.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np

from CorrespondCoreLib.errors import InputError


@dataclass(frozen=True)
class CArm:
    """Geometry of one frame. A value that a file does not tell is None until a user gives it (see `missing`).

    Attributes:
        primary_deg, secondary_deg: positioner angles (0018,1510) and (0018,1511).
        source_to_detector_mm: (0018,1110).
        source_to_isocenter_mm: (0018,1111), which DICOM calls source to patient.
        pixel_spacing_mm: between columns and between rows at the detector (0018,1164), not in the patient.
        size: columns, rows.
        isocenter_mm: LPS, in the frame of the model.
        table_mm: how far the table carries the patient, LPS.
    """

    primary_deg: float | None = None
    secondary_deg: float | None = None
    source_to_detector_mm: float | None = None
    source_to_isocenter_mm: float | None = None
    pixel_spacing_mm: tuple[float, float] | None = None
    size: tuple[int, int] = (512, 512)
    isocenter_mm: tuple[float, float, float] = (0.0, 0.0, 0.0)
    table_mm: tuple[float, float, float] = (0.0, 0.0, 0.0)

    @property
    def missing(self) -> list[str]:
        """Names of the values that are still unknown."""
        return [entry.name for entry in fields(self) if getattr(self, entry.name) is None]

    def check(self) -> None:
        """Refuse a geometry that cannot project.

        Raises:
            InputError: a value is missing, a distance or spacing is not positive, or the isocenter lies behind the detector.
        """
        if self.missing:
            names = ", ".join(self.missing)
            raise InputError(f"The C-arm's geometry is incomplete: {names}. Enter the values in the geometry table.")
        sid, sod, spacing = self._distances()
        if not (0 < sod < sid) or min(spacing) <= 0:
            raise InputError(
                f"Source to isocenter {sod:g} mm must be above 0 and below source to detector {sid:g} mm, "
                f"and the pixel spacing {spacing[0]:g} x {spacing[1]:g} mm above 0."
            )

    def at(self, **changes) -> CArm:
        """The same arm with other values."""
        return replace(self, **changes)

    def axes(self) -> np.ndarray:
        """(3, 3) LPS unit vectors as rows: image right, image down, source to detector."""
        return camera_axes(self._angle(self.primary_deg), self._angle(self.secondary_deg))

    @property
    def center_px(self) -> tuple[float, float]:
        """(column, row) onto which the isocenter projects: the middle of the image (XA assumes it)."""
        return (self.size[0] - 1) / 2, (self.size[1] - 1) / 2

    @property
    def source_mm(self) -> np.ndarray:
        """Focal spot, (3,) LPS mm in the frame of the model."""
        _, sod, _ = self._distances()
        return self._center_mm() - sod * self.axes()[2]

    @property
    def isocenter_pixel_mm(self) -> tuple[float, float]:
        """Size of a pixel in the plane of the isocenter, between columns and between rows."""
        sid, sod, spacing = self._distances()
        return spacing[0] * sod / sid, spacing[1] * sod / sid

    def camera_points(self, points_mm: np.ndarray) -> np.ndarray:
        """(N, 3) LPS mm to (N, 3) mm along image right, image down and source to detector, from the isocenter."""
        return (np.asarray(points_mm, dtype=float) - self._center_mm()) @ self.axes().T

    def project(self, points_mm: np.ndarray) -> np.ndarray:
        """Cone-beam projection of (N, 3) LPS mm to (N, 2) pixels (column, row); nan for points behind the source.

        m = SID / (SOD + depth), column = c0 + m x / spacing: DICOM PS3.3 C.8.7.5 with the isocenter at the image's middle.
        """
        sid, sod, spacing = self._distances()
        q = self.camera_points(points_mm)
        depth = sod + q[:, 2]
        magnification = np.where(depth > 0, sid / np.where(depth > 0, depth, 1.0), np.nan)
        return np.asarray(self.center_px) + magnification[:, None] * q[:, :2] / np.asarray(spacing)

    def rays(self, pixels: np.ndarray) -> np.ndarray:
        """Unit directions (N, 3), LPS, from the source to (N, 2) pixels (column, row)."""
        sid, _, spacing = self._distances()
        q = (np.asarray(pixels, dtype=float) - np.asarray(self.center_px)) * np.asarray(spacing)
        directions = np.column_stack([q, np.full(len(q), sid)]) @ self.axes()
        return directions / np.linalg.norm(directions, axis=1, keepdims=True)

    def _center_mm(self) -> np.ndarray:
        return np.asarray(self.isocenter_mm, dtype=float) - np.asarray(self.table_mm, dtype=float)

    def _distances(self) -> tuple[float, float, tuple[float, float]]:
        if self.source_to_detector_mm is None or self.source_to_isocenter_mm is None or self.pixel_spacing_mm is None:
            self.check()
            raise AssertionError("unreachable: check() refuses what is missing")
        return self.source_to_detector_mm, self.source_to_isocenter_mm, self.pixel_spacing_mm

    def _angle(self, value: float | None) -> float:
        if value is None:
            self.check()
            raise AssertionError("unreachable: check() refuses what is missing")
        return value


def camera_axes(primary_deg: float, secondary_deg: float) -> np.ndarray:
    """(3, 3) LPS unit vectors as rows: image right, image down, source to detector; R = Rz(primary) Rx(-secondary)."""
    a, b = np.deg2rad([primary_deg, secondary_deg])
    about_z = np.array([[np.cos(a), -np.sin(a), 0], [np.sin(a), np.cos(a), 0], [0, 0, 1]])
    about_x = np.array([[1, 0, 0], [0, np.cos(b), np.sin(b)], [0, -np.sin(b), np.cos(b)]])
    return (about_z @ about_x @ np.array([[1.0, 0, 0], [0, 0, -1], [0, -1, 0]]).T).T


def view_direction(primary_deg: float, secondary_deg: float) -> np.ndarray:
    """(3,) LPS unit vector from the source to the detector."""
    return camera_axes(primary_deg, secondary_deg)[2]


def angles_of(direction: np.ndarray) -> tuple[float, float]:
    """(primary, secondary) in degrees whose view direction is a (3,) LPS vector of any length."""
    left, posterior, superior = np.asarray(direction, dtype=float) / np.linalg.norm(direction)
    return float(np.rad2deg(np.arctan2(left, -posterior))), float(np.rad2deg(np.arcsin(np.clip(superior, -1, 1))))


def spoken_angles(primary_deg: float, secondary_deg: float) -> str:
    """As the cath lab says them: LAO 31 CRA 0."""
    primary, secondary = round(primary_deg), round(secondary_deg)
    return f"{'LAO' if primary >= 0 else 'RAO'} {abs(primary)} {'CRA' if secondary >= 0 else 'CAU'} {abs(secondary)}"
