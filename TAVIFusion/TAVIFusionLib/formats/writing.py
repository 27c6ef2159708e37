"""Writes a run as DICOM XA or Enhanced XA, uncompressed, with all tags that `reading.read_run` uses and without a patient."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian, generate_uid

from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.files import whole_file

from ..fluoroscopy import FluoroscopyRun
from .frame_attributes import ENHANCED
from .writing_geometry import add_enhanced_geometry, add_plain_geometry, decimal
from .xa_files import XA

_MOST_BYTES = 2**32 - 2
_FRAME_TIME, _FRAME_TIME_VECTOR = 0x00181063, 0x00181065


def write_xa(run: FluoroscopyRun, path: str | Path, enhanced: bool = False, study: str = "") -> Path:
    """Write a run as one multi-frame DICOM file; whole or not at all. Returns the path.

    What is None in the geometry is left out. The isocenter's place is not part of XA. UIDs follow from the content.

    Args:
        run: frames of integers; angles and table may change from frame to frame, distances and spacing only in enhanced files.
        enhanced: Enhanced XA, with functional groups per frame, instead of XA with increments.
        study: UID of the study, the same for both planes of a biplane run; a new one by default.

    Raises:
        InputError: frames of no integers, too large for a DICOM file, or a geometry that XA cannot hold.
        OutputError: the file cannot be written.
    """
    path = Path(path)
    frames = _storable(run.frames)
    uids = [
        str(generate_uid(entropy_srcs=[_digest(run, frames), part, str(enhanced)])) for part in ("study", "series", "instance")
    ]
    dataset = _file(str(path), ENHANCED[0] if enhanced else XA[0], uids, study)
    dataset.Manufacturer = run.device or "Correspond"
    kind = f"BIPLANE {run.plane}" if run.plane else "SINGLE PLANE"
    dataset.ImageType = ["ORIGINAL", "PRIMARY", kind]
    _add_times(dataset, run)
    (add_enhanced_geometry if enhanced else add_plain_geometry)(dataset, run)
    _add_pixels(dataset, frames)
    whole = {"enforce_file_format": True} if int(pydicom.__version__.split(".")[0]) >= 3 else {"write_like_original": False}
    with whole_file(path) as temporary:
        dataset.save_as(str(temporary), **whole)
    return path


def _storable(frames: np.ndarray) -> np.ndarray:
    """Frames as uint8, uint16 or int16.

    Raises:
        InputError: they cannot be stored without loss.
    """
    if frames.dtype.kind not in "uib":
        raise InputError("DICOM XA holds integers: scale and round the frames before they are written.")
    if frames.dtype == np.uint8 or frames.dtype.kind == "b":
        kind: type = np.uint8
    else:
        kind = np.int16 if frames.min() < 0 else np.uint16
    limits = np.iinfo(kind)
    if frames.min() < limits.min or frames.max() > limits.max:
        raise InputError(f"DICOM XA holds 16 bits; the frames go from {frames.min()} to {frames.max()}: scale them down.")
    if frames.size * np.dtype(kind).itemsize > _MOST_BYTES:
        raise InputError("The run is larger than the 4 GB that a DICOM file can hold: write it in parts.")
    return np.ascontiguousarray(frames, np.dtype(kind).newbyteorder("<"))


def _file(name: str, kind: str, uids: list[str], study: str) -> FileDataset:
    """A data set with file meta information, UIDs, and a patient without name."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = UID(kind), UID(uids[2])
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = UID(pydicom.uid.PYDICOM_IMPLEMENTATION_UID)
    dataset = FileDataset(name, {}, file_meta=meta, preamble=b"\0" * 128)
    if int(pydicom.__version__.split(".")[0]) < 3:
        dataset.is_little_endian, dataset.is_implicit_VR = True, False
    dataset.SOPClassUID, dataset.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = study or uids[0], uids[1]
    dataset.Modality, dataset.PatientPosition = "XA", "HFS"
    dataset.SeriesNumber = dataset.InstanceNumber = dataset.AcquisitionNumber = 1
    for empty in ("PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyDate", "StudyTime", "AccessionNumber"):
        setattr(dataset, empty, "")
    dataset.PatientOrientation = dataset.StudyID = dataset.ReferringPhysicianName = ""
    return dataset


def _add_times(dataset: Dataset, run: FluoroscopyRun) -> None:
    """Frame Time where frames are evenly spaced, else Frame Time Vector (PS3.3 C.7.6.5), in milliseconds."""
    if not run.timed or len(run) == 1:
        return
    steps_ms = np.diff(run.times_s) * 1000
    if np.ptp(steps_ms) <= 1e-6 * steps_ms.max():
        dataset.FrameTime, dataset.FrameIncrementPointer = decimal(steps_ms.mean()), _FRAME_TIME
    else:
        dataset.FrameTimeVector = [decimal(value) for value in (0.0, *steps_ms)]
        dataset.FrameIncrementPointer = _FRAME_TIME_VECTOR


def _add_pixels(dataset: Dataset, frames: np.ndarray) -> None:
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.NumberOfFrames, dataset.Rows, dataset.Columns = frames.shape
    signed = frames.dtype.kind == "i"
    allocated = 8 * frames.itemsize
    stored = allocated if signed or allocated == 8 else max(int(frames.max()).bit_length(), 9)
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = allocated, stored, stored - 1
    dataset.PixelRepresentation = int(signed)
    dataset.PixelIntensityRelationship, dataset.PixelIntensityRelationshipSign = "DISP", 1
    data = frames.tobytes()
    dataset.add_new("PixelData", "OB" if allocated == 8 else "OW", data + b"\0" * (len(data) % 2))


def _digest(run: FluoroscopyRun, frames: np.ndarray) -> str:
    return hashlib.sha256(frames.tobytes() + repr((run.geometry, run.times_s.tolist(), run.plane)).encode()).hexdigest()
