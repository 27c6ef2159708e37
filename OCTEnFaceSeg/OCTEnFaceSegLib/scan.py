"""An OCT scan as all of the library takes it: the volume, and what the file says of layers, fundus and eye."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import SimpleITK as sitk

from CorrespondCoreLib.errors import InputError

RIGHT_EYE, LEFT_EYE = "R", "L"
RASTER, CIRCLE, RADIAL, LINE = "raster", "circle", "radial", "line"


@dataclass
class OctScan:
    """One OCT volume of one eye.

    ITK index order (x: A-scan, y: depth from the vitreous down, z: B-scan); arrays are (B-scan, depth, A-scan). LPS mm: +x to the
    patient's left, +y along the beam, +z (direction 1) or -z (top-down scans) from B-scan to B-scan. In Slicer this is
    IJKToRAS = diag(-dx, -depth, +-dy): Green shows the en-face map as a fundus camera does, Red the B-scan with the vitreous up.

    Attributes:
        volume: 3D scalar image, any intensity scale, brighter is more signal.
        metric: the spacing is known in mm. False where the file has none: mm figures are then marked until a user confirms it.
        layers: name (ILM, RPE, BM, ...) -> (B-scans, A-scans) depth in voxels, float32, nan where the file has no value.
        fundus: kind (SLO, FAF, ...) -> 2D-in-3D image (x, 1, z) in the volume's LPS frame.
        eye: "R", "L", or "" where unknown. visit_date: ISO date or "". pattern: raster, circle, radial or line.
        source: format that it was read from, device: what the file says of the maker. notes: sentences for the user.
    """

    volume: sitk.Image
    metric: bool = True
    layers: dict[str, np.ndarray] = field(default_factory=dict)
    fundus: dict[str, sitk.Image] = field(default_factory=dict)
    eye: str = ""
    visit_date: str = ""
    pattern: str = RASTER
    source: str = ""
    device: str = ""
    notes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.volume.GetDimension() != 3 or self.volume.GetNumberOfComponentsPerPixel() != 1:
            raise InputError("An OCT volume has three dimensions and one value per voxel.")
        for name, layer in self.layers.items():
            if layer.shape != self.enface_shape:
                raise InputError(f"The layer {name} has {layer.shape} values, the scan {self.enface_shape} (B-scans, A-scans).")

    @property
    def enface_shape(self) -> tuple[int, int]:
        """(B-scans, A-scans)."""
        x, _, z = self.volume.GetSize()
        return z, x

    @property
    def depth(self) -> int:
        """Voxels along the beam."""
        return self.volume.GetSize()[1]

    @property
    def spacing_mm(self) -> tuple[float, float, float]:
        """Between A-scans, along the beam, between B-scans."""
        x, y, z = self.volume.GetSpacing()
        return x, y, z

    @property
    def pixel_area_mm2(self) -> float:
        """Of one en-face pixel: one A-scan of one B-scan."""
        return self.spacing_mm[0] * self.spacing_mm[2]

    def enface_image(self, values: np.ndarray) -> sitk.Image:
        """A map (B-scans, A-scans) as an image of one voxel's depth, as deep as the scan, that lies over it."""
        image = sitk.GetImageFromArray(np.ascontiguousarray(values[:, None, :]))
        x, y, z = self.spacing_mm
        image.SetSpacing((x, y * self.depth, z))
        image.SetDirection(self.volume.GetDirection())
        image.SetOrigin(self.volume.TransformContinuousIndexToPhysicalPoint((0.0, (self.depth - 1) / 2, 0.0)))
        return image


def check_raster(scan: OctScan) -> None:
    """Refuse what has no area: circles, radial and single scans.

    Raises:
        InputError: with the reason.
    """
    why = {
        CIRCLE: "The scan runs along a circle, so it covers no area. Choose a raster volume.",
        RADIAL: "The B-scans of a radial scan cross each other; areas cannot be measured on it. Choose a raster volume.",
        LINE: "A single B-scan covers no area. Choose a raster volume.",
    }
    if scan.pattern in why:
        raise InputError(why[scan.pattern])
    if scan.enface_shape[0] < 2:
        raise InputError(why[LINE])
