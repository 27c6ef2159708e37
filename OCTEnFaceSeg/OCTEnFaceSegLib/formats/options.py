"""What only the user can say about a file: voxel size, axes and eye, where the format is silent."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from CorrespondCoreLib.errors import InputError

from ..scan import LEFT_EYE, RIGHT_EYE

LARGEST_SPACING_MM = (0.1, 0.05, 2.0)
"""No retinal OCT scan has larger voxels: larger ones are a mistake, of units mostly."""
ASSUMED_SPACING_MM = (0.0115, 0.0039, 0.12)
"""Of scans that state none: a Spectralis volume of 20 degrees, 512 A-scans, 49 B-scans; never taken as known."""


@dataclass(frozen=True)
class ReadOptions:
    """Options of all readers. Those of the axes are for formats that do not state how the scan lies.

    Attributes:
        spacing_mm: between A-scans, along the beam, between B-scans; replaces what the file says.
        eye: "R" or "L"; replaces what the file says.
        depth_axis: 0, 1 or 2: index axis of an ITK image that runs along the beam.
        bscan_axis: 0, 1 or 2: index axis that runs from B-scan to B-scan; by default the last one that is not depth.
        depth_up: the first voxel along the beam is the deepest: the image stands on its head.
        top_down: True if the first B-scan is the superior one, False if it is the inferior one.
        series: which of several scans in an .e2e file, 1 for the first.
    """

    spacing_mm: tuple[float, float, float] | None = None
    eye: str = ""
    depth_axis: int | None = None
    bscan_axis: int | None = None
    depth_up: bool = False
    top_down: bool | None = None
    series: int | None = None

    @classmethod
    def of(cls, values: dict[str, Any]) -> ReadOptions:
        """Options from keywords.

        Raises:
            InputError: unknown option, or a value that cannot be.
        """
        known = {field.name for field in dataclasses.fields(cls)}
        if unknown := sorted(set(values) - known):
            raise InputError(f"Unknown reading option {', '.join(unknown)}. There are: {', '.join(sorted(known))}.")
        given = dict(values)
        if given.get("spacing_mm") is not None:
            given["spacing_mm"] = checked_spacing(given["spacing_mm"])
        given["eye"] = _checked_eye(given.get("eye") or "")
        for axis in ("depth_axis", "bscan_axis"):
            if given.get(axis) not in (None, 0, 1, 2):
                raise InputError(f"{axis} must be 0, 1 or 2 (the index axis of the image), not {given[axis]!r}.")
        options = cls(**given)
        if options.bscan_axis is not None and options.bscan_axis == options.used_depth_axis:
            raise InputError("bscan_axis and depth_axis must differ.")
        return options

    @property
    def used_depth_axis(self) -> int:
        """The axis along the beam: 1, as in this library and in DICOM, unless the user says otherwise."""
        return 1 if self.depth_axis is None else self.depth_axis

    def refuse_axes(self, source: str) -> None:
        """For formats that state how the scan lies.

        Raises:
            InputError: an option of the axes is given.
        """
        if self.depth_axis is not None or self.bscan_axis is not None or self.depth_up or self.top_down is not None:
            raise InputError(
                f"{source} states itself how the scan lies: leave depth_axis, bscan_axis, depth_up and top_down out."
            )


def checked_spacing(values: Sequence[float]) -> tuple[float, float, float]:
    """Three voxel sizes in mm of a retinal scan.

    Raises:
        InputError: not three positive numbers, or larger than `LARGEST_SPACING_MM`.
    """
    try:
        x, y, z = (float(value) for value in values)
    except (TypeError, ValueError) as error:
        raise InputError("spacing_mm needs three numbers: between A-scans, along the beam, between B-scans, in mm.") from error
    for value, largest, name in zip(
        (x, y, z), LARGEST_SPACING_MM, ("between A-scans", "along the beam", "between B-scans"), strict=True
    ):
        if not (math.isfinite(value) and 0 < value <= largest):
            raise InputError(
                f"A spacing of {value:g} mm {name} cannot be: retinal OCT has more than 0 and at most {largest:g} mm. "
                "Is it in micrometers?"
            )
    return x, y, z


def _checked_eye(eye: str) -> str:
    letter = {"": "", "R": RIGHT_EYE, "OD": RIGHT_EYE, "L": LEFT_EYE, "OS": LEFT_EYE}.get(str(eye).strip().upper())
    if letter is None:
        raise InputError(f'The eye is "R" (right, OD) or "L" (left, OS), not "{eye}".')
    return letter
