"""A pair as files and wishes: what a run reads, and what it shall write."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Files:
    """What a run reads. Only the two volumes are needed; everything is a path.

    fixed, moving: any ITK image, a DICOM folder, or one file of a DICOM series.
    fixed_mask, moving_mask: lungs (nonzero); found if absent. fixed_lobes, moving_lobes: label maps.
    landmarks: CSV, see landmarks.py. initial_transform: ITK transform, maps fixed points to moving points.
    """

    fixed: Path
    moving: Path
    fixed_mask: Path | None = None
    moving_mask: Path | None = None
    fixed_lobes: Path | None = None
    moving_lobes: Path | None = None
    landmarks: Path | None = None
    initial_transform: Path | None = None

    def given(self) -> dict[str, Path]:
        """The files that are given, by role."""
        return {role: Path(path) for role, path in vars(self).items() if path is not None}

    def names(self) -> dict[str, str]:
        """Their bare names."""
        return {role: path.name for role, path in self.given().items()}


@dataclass
class Wishes:
    """What a run writes and says, beyond the registration's own settings.

    fixed_is: "inspiration" or "expiration". native_grid: field on the fixed image's own grid. maps: also stretches, ventilation,
    parametric response and expected error as images. names: file names of the inputs stand in the report.
    guide: the landmarks draw the registration, instead of only judging it. levels: a network's fields from coarse to fine.
    """

    fixed_is: str = "inspiration"
    native_grid: bool = False
    maps: bool = False
    names: bool = False
    guide: bool = False
    levels: bool = False
    lobe_names: dict[int, str] = field(default_factory=dict)
