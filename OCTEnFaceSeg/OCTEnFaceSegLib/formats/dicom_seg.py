"""The en-face mask as DICOM Segmentation of an Ophthalmic Tomography scan, through the Python package highdicom.

One frame in the scan's own frame of reference: a pixel per A-scan of each B-scan, as deep as the scan. Patient and study are
those of the scan's files.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import SimpleITK as sitk
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

from CorrespondCoreLib.dicom_files import first, read_dataset
from CorrespondCoreLib.dicom_mark import is_dicom
from CorrespondCoreLib.errors import InputError, MissingPackage
from CorrespondCoreLib.files import whole_file
from CorrespondCoreLib.provenance import STATEMENT, versions

from ..results import COLORS, OTHER_COLOR, title_of
from .dicom_frames import frames_of
from .dicom_opt import files_of, fundus_axes, read_opt

PACKAGE, REQUIREMENT = "highdicom", ">=0.23"
_OF_PATIENT = ("PatientName", "PatientID", "PatientBirthDate", "PatientSex")
MAY_BE_EMPTY = (*_OF_PATIENT, "ReferringPhysicianName", "StudyID", "StudyDate", "StudyTime", "AccessionNumber")
"""Elements that DICOM demands and lets be empty; some programs leave them out."""
SCHEME = "99CORRESPOND"  # of our own codes: no public scheme that DICOM names has one for each lesion
_MESSAGE = (
    "A DICOM segmentation needs the Python package highdicom, which is not installed. In Slicer's Python console run\n"
    '    slicer.util.pip_install("highdicom")\n'
    'elsewhere run: python -m pip install "highdicom>=0.23"\n'
    "and export again."
)


@dataclass(frozen=True)
class Maker:
    """What made a mask: name of the method, "network" or not, and whether a person may have corrected it."""

    method: str
    network: bool
    corrected: bool


@dataclass(frozen=True)
class SegSource:
    """The scan that a DICOM segmentation refers to.

    Attributes:
        datasets: its files, with their pixels.
        volume: as `read_opt` reads them.
        to_patient: 4x4, from this library's coordinates (x, y, z mm of `volume`) to those of the files.
    """

    datasets: list[Dataset]
    volume: sitk.Image
    to_patient: np.ndarray


def check_highdicom() -> ModuleType:
    """The package.

    Raises:
        MissingPackage: with what to do.
    """
    try:
        import highdicom
    except ModuleNotFoundError as error:
        raise MissingPackage(_MESSAGE) from error
    return highdicom


def seg_source(path: str | Path) -> SegSource:
    """Read the scan that a segmentation shall refer to; give any of its files, or its folder.

    Raises:
        InputError: it is no DICOM, or does not say where its B-scans lie.
    """
    path = Path(path)
    if not path.exists():
        raise InputError(f"The OCT scan {path} does not exist.")
    if path.is_file() and not is_dicom(path):
        raise InputError(
            f"{path.name} is no DICOM file. A DICOM segmentation names the images, the patient and the study that it belongs to, "
            "which only a scan in DICOM has: export the scan from the device as DICOM, or write the mask as .seg.nrrd."
        )
    files = files_of(path)
    datasets = [read_dataset(file) for file in files]
    frames = frames_of(datasets, files)
    if frames.planes is None or not datasets[0].get("FrameOfReferenceUID"):
        raise InputError(
            f"{files[0].name} does not say where its B-scans lie (plane positions, frame of reference), so a segmentation cannot "
            "be placed on it. Write the mask as .seg.nrrd."
        )
    positions, axes = frames.planes
    _complete(datasets[0], axes[0], frames.spacing_mm)
    left, up = fundus_axes(axes)
    back = np.cross(up, left)
    rows, columns = frames.pixels.shape[1:]
    middles = (
        positions + (rows - 1) / 2 * frames.spacing_mm[1] * axes[:, 1] + (columns - 1) / 2 * frames.spacing_mm[0] * axes[:, 0]
    )
    volume = read_opt(path).volume
    to_patient = np.eye(4)
    to_patient[:3, :3] = np.column_stack([left, back, up])
    middle_y = volume.TransformContinuousIndexToPhysicalPoint((0.0, (rows - 1) / 2, 0.0))[1]
    to_patient[:3, 3] = back * (float((middles @ back).mean()) - middle_y)
    return SegSource(datasets, volume, to_patient)


def _complete(dataset: Dataset, axes: np.ndarray, spacing_mm: tuple[float, float]) -> None:
    """Add what highdicom reads from the first file: elements that may be empty, and geometry that stands in each frame."""
    for name in MAY_BE_EMPTY:
        if name not in dataset:
            setattr(dataset, name, "")
    shared, orientation, measures = first(dataset, "SharedFunctionalGroupsSequence") or Dataset(), Dataset(), Dataset()
    orientation.ImageOrientationPatient = [float(value) for value in axes.ravel()]
    measures.PixelSpacing = [spacing_mm[1], spacing_mm[0]]
    if "PlaneOrientationSequence" not in shared:
        shared.PlaneOrientationSequence = [orientation]
    if "PixelMeasuresSequence" not in shared:
        shared.PixelMeasuresSequence = [measures]
    dataset.SharedFunctionalGroupsSequence = [shared]


def write_seg(mask: np.ndarray, volume: sitk.Image, source: SegSource, path: Path, lesion: str, maker: Maker) -> Path:
    """Write a mask as DICOM Segmentation.

    Args:
        mask: (B-scans, A-scans) bool, not empty. volume: of the scan that it was drawn on, to see that `source` is that scan.

    Raises:
        InputError: the mask is empty or of another scan, or the files lack what a segmentation must repeat of them.
        MissingPackage, OutputError.
    """
    highdicom = check_highdicom()
    if not mask.any():
        raise InputError("The mask is empty: a DICOM segmentation holds at least one pixel.")
    values, own = (sitk.GetArrayViewFromImage(image) for image in (volume, source.volume))
    if values.shape != own.shape or not np.array_equal(values, own):
        raise InputError("The DICOM file is not that of the scan on which the mask was drawn. Choose the scan's own file.")
    try:
        dataset = _segmentation(highdicom, mask, source, lesion, maker)
    except (AttributeError, KeyError, ValueError, TypeError) as error:
        raise InputError(
            f"The scan's DICOM files lack what a segmentation must repeat of them ({error}). Write the mask as .seg.nrrd."
        ) from error
    with whole_file(path) as temporary:
        dataset.save_as(temporary, enforce_file_format=True)
    return path


def _segmentation(highdicom: ModuleType, mask: np.ndarray, source: SegSource, lesion: str, maker: Maker) -> Any:
    from pydicom.sr.codedict import codes

    x, y, z = source.volume.GetSpacing()
    deep, middle = y * source.volume.GetSize()[1], (source.volume.GetSize()[1] - 1) / 2
    corner = np.array([*source.volume.TransformContinuousIndexToPhysicalPoint((0.0, middle, 0.0)), 1])
    axes = source.to_patient[:3, :3] @ np.array(source.volume.GetDirection()).reshape(3, 3)
    version = versions()["correspond"]
    family = codes.cid7162.ArtificialIntelligence if maker.network else codes.cid7162.MorphologicalOperations
    segment = highdicom.seg.SegmentDescription(
        segment_number=1,
        segment_label=title_of(lesion),
        segmented_property_category=codes.SCT.MorphologicallyAbnormalStructure,
        segmented_property_type=highdicom.sr.CodedConcept(lesion.upper()[:16], SCHEME, title_of(lesion)),
        algorithm_type="SEMIAUTOMATIC" if maker.corrected else "AUTOMATIC",
        algorithm_identification=highdicom.AlgorithmIdentificationSequence(maker.method[:64], family, version),
        anatomic_regions=[codes.SCT.Retina],
        display_color=highdicom.color.CIELabColor.from_rgb(*(round(255 * part) for part in COLORS.get(lesion, OTHER_COLOR))),
    )
    dataset = highdicom.seg.Segmentation(
        source_images=source.datasets[:1],
        further_source_images=source.datasets[1:] or None,
        pixel_array=np.ascontiguousarray(mask[None].astype(np.uint8)),
        segmentation_type="BINARY",
        segment_descriptions=[segment],
        series_instance_uid=generate_uid(),
        series_number=1000,
        sop_instance_uid=generate_uid(),
        instance_number=1,
        manufacturer="Correspond",
        manufacturer_model_name="OCT En-face Segmentation",
        software_versions=version,
        device_serial_number="1",
        content_description=STATEMENT[:64],
        content_label="ENFACE_MASK",
        pixel_measures=highdicom.PixelMeasuresSequence((z, x), slice_thickness=deep, spacing_between_slices=deep),
        plane_orientation=highdicom.PlaneOrientationSequence("PATIENT", [*axes[:, 0], *axes[:, 2]]),
        plane_positions=[highdicom.PlanePositionSequence("PATIENT", (source.to_patient @ corner)[:3])],
    )
    dataset.SeriesDescription = f"{title_of(lesion)}, en-face mask"
    return dataset
