"""What to segment and how: a scan node and options, checked, and turned into files and arguments for the child process."""

import csv
from dataclasses import dataclass, field

from slicer.i18n import tr as _

from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.files import write_json
from CorrespondCoreLib.panel.checked_request import CheckedRequest
from OCTEnFaceSegLib.formats.writing import write_scan
from OCTEnFaceSegLib.lesion_models import chosen_models
from OCTEnFaceSegLib.scan import check_raster
from OCTEnFaceSegLib.settings import SegmentationSettings

from .bruch_editing import keptPoints
from .fovea import markedFovea
from .scan_nodes import scanOf


@dataclass
class SegmentationRequest(CheckedRequest):
    """One segmentation of a scan; fields as in OCTEnFaceSegLib.settings.SegmentationSettings, `settings` for all others there."""

    volume: object = None
    lesion: str = "ga"
    method: str = "network"
    models: tuple = ()
    threshold: float = 0.5
    smallestFocusMm2: float = 0.0
    settings: dict = field(default_factory=dict)
    device: str = "auto"
    threads: int = 0

    @classmethod
    def fromParameters(cls, p):
        """What the panel's parameter node asks for."""
        return cls(
            volume=p.volume,
            lesion=p.lesion.value,
            method=p.method.value,
            models=tuple(p.models.split()) if p.method.value == "network" else (),
            threshold=p.threshold,
            smallestFocusMm2=p.smallestFocusMm2,
            device=p.device.value,
            threads=p.threads,
        )

    def check(self):
        """Raise InputError with what is missing or cannot be."""
        if self.volume is None:
            raise InputError(_("Choose an OCT volume, or open an OCT file."))
        scan = scanOf(self.volume, layers=False)
        check_raster(scan)
        settings = self.allSettings()
        if settings.method == "network":
            chosen_models(settings)

    def allSettings(self):
        """The options as SegmentationSettings; raises InputError where one cannot be."""
        own = {"lesion": self.lesion, "method": self.method, "models": self.models, "threshold": self.threshold}
        return SegmentationSettings.from_json({**own, "smallest_mm2": self.smallestFocusMm2, **self.settings})

    def write(self, folder):
        """Write the scan and the settings into a folder, and return the arguments of `correspond oct segment` that name them
        (all but --output)."""
        write_scan(scanOf(self.volume), folder / "scan")
        write_json(folder / "chosen_settings.json", self.allSettings().to_dict())
        arguments = [
            folder / "scan",
            "--lesion",
            self.lesion,
            "--settings",
            folder / "chosen_settings.json",
            "--device",
            self.device,
        ]
        points = keptPoints(self.volume)
        if points:
            arguments += ["--bruch", _writePoints(points, folder / "bruch_points.csv")]
        fovea = markedFovea(self.volume)
        if fovea is not None:
            arguments += ["--fovea", f"{fovea[0]:.2f}", f"{fovea[1]:.2f}"]
        if self.threads:
            arguments += ["--threads", self.threads]
        return [str(argument) for argument in arguments]


def _writePoints(points, file):
    with open(file, "w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(("b_scan", "a_scan", "depth"))
        writer.writerows((b, a, depth) for b, line in points.items() for a, depth in line)
    return file
