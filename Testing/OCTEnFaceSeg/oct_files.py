"""Files as devices write them, made here: Heidelberg .vol, and DICOM tomography and photography with pydicom."""

import struct

import numpy as np
import SimpleITK as sitk
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

TOMOGRAPHY = "1.2.840.10008.5.1.4.1.1.77.1.5.4"
PHOTOGRAPHY = "1.2.840.10008.5.1.4.1.1.77.1.5.1"
INVALID = np.float32(3.4028235e38)


def bscans(count=5, depth=24, ascans=30, seed=3):
    """Reflectance 0..1 that differs everywhere, (B, D, W) float32."""
    return np.random.default_rng(seed).random((count, depth, ascans)).astype(np.float32) ** 4


def horizontal(count, ascans, dx, step, left=1.0, top=4.0):
    """Starts and ends (B, 2) in mm right of and below the SLO's corner; the first B-scan is the lowest for step > 0."""
    y = top - step * np.arange(count)
    starts = np.column_stack([np.full(count, left), y])
    return starts, starts + [(ascans - 1) * dx, 0.0]


def write_vol(path, raw, starts, ends, slo=None, layers=None, pattern=3, dx=0.01, dy=0.004, dz=0.1, eye=b"OS", day=43000.5):
    """A .vol file; layers: (B, L, W). The patient's name and identifiers stand where HEYEX puts them."""
    count, depth, ascans = raw.shape
    slo = np.zeros((0, 0), np.uint8) if slo is None else slo
    layers = np.zeros((count, 0, ascans), np.float32) if layers is None else layers
    size = 256 + 4 * layers.shape[1] * ascans
    head = struct.pack(
        "<12s3i3d2i2did", b"HSF-OCT-103\0", ascans, count, depth, dx, dz, dy, *slo.shape[::-1], 0.01, 0.01, 30, 0.0
    )
    head += struct.pack(
        "<4sQ2i16s16si21s3xdi24sd", eye, 0, pattern, size, b"SECRET1", b"SECRET2", 7, b"DOE^JANE", 9131.0, 1, b"v", day
    )
    with open(path, "wb") as file:
        file.write(head.ljust(2048, b"\0"))
        file.write(slo.astype(np.uint8).tobytes())
        for n in range(count):
            line = struct.pack("<12si4d2if", b"HSF-BS-103\0\0", size, *starts[n], *ends[n], layers.shape[1], 256, 30.0)
            file.write(line.ljust(256, b"\0"))
            file.write(layers[n].astype("<f4").tobytes())
            file.write(raw[n].astype("<f4").tobytes())
    return path


def dicom(path, sop, modality, uid=None, series=None):
    """A data set with the patient's name, to be filled and saved."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.TransferSyntaxUID = sop, ExplicitVRLittleEndian
    meta.MediaStorageSOPInstanceUID = uid or generate_uid()
    d = FileDataset(str(path), {}, file_meta=meta, preamble=b"\0" * 128)
    d.SOPClassUID, d.SOPInstanceUID, d.Modality = sop, meta.MediaStorageSOPInstanceUID, modality
    d.StudyInstanceUID, d.SeriesInstanceUID = generate_uid(), series or generate_uid()
    d.PatientName, d.PatientID, d.PatientBirthDate = "DOE^JANE", "SECRET1", "19250101"
    d.Manufacturer, d.ManufacturerModelName = "Optics", "One"
    d.ImageLaterality, d.AcquisitionDateTime = "R", "20250314101500"
    d.SamplesPerPixel, d.PhotometricInterpretation, d.PixelRepresentation = 1, "MONOCHROME2", 0
    return d


def with_pixels(d, values):
    """Pixels (rows, columns) or (frames, rows, columns), uint8 or uint16."""
    bits = values.dtype.itemsize * 8
    d.BitsAllocated, d.BitsStored, d.HighBit = bits, bits, bits - 1
    d.Rows, d.Columns = values.shape[-2:]
    if values.ndim == 3:
        d.NumberOfFrames = len(values)
    d.PixelData = values.tobytes()
    return d


def opt(path, values, positions=None, orientation=(1, 0, 0, 0, 1, 0), dx=0.01, dy=0.004, lines=None, between=None, **kwargs):
    """A tomography data set: positions (B, 3) or None; orientation one or B; lines: (uid, (B, 4) row, column of start, end)."""
    d = with_pixels(dicom(path, TOMOGRAPHY, "OPT", **kwargs), values)
    shared, measures = Dataset(), Dataset()
    measures.PixelSpacing = [dy, dx]
    if between is not None:
        measures.SpacingBetweenSlices = between
    shared.PixelMeasuresSequence = [measures]
    axes = np.broadcast_to(np.array(orientation, float), (len(values), 6))
    frames = []
    for n in range(len(values)):
        frame = Dataset()
        if positions is not None:
            place, plane = Dataset(), Dataset()
            place.ImagePositionPatient = [float(v) for v in positions[n]]
            plane.ImageOrientationPatient = [float(v) for v in axes[n]]
            frame.PlanePositionSequence, frame.PlaneOrientationSequence = [place], [plane]
        if lines is not None:
            location = Dataset()
            location.ReferencedSOPClassUID, location.ReferencedSOPInstanceUID = PHOTOGRAPHY, lines[0]
            location.ReferenceCoordinates = [float(v) for v in lines[1][n]]
            frame.OphthalmicFrameLocationSequence = [location]
        frames.append(frame)
    d.SharedFunctionalGroupsSequence, d.PerFrameFunctionalGroupsSequence = [shared], frames
    return d


def save(d, path):
    d.save_as(path, enforce_file_format=True)
    return path


def write_opt(path, values, positions=None, **kwargs):
    return save(opt(path, values, positions, **kwargs), path)


def write_phantom_opt(path, size=(16, 128, 96)):
    """A phantom eye with atrophy as a tomography file."""
    from OCTEnFaceSegLib.phantom import phantom_eye

    scan = phantom_eye(size, seed=3, lesion="ga").scan
    dx, dy, dz = scan.spacing_mm
    positions = np.arange(size[0])[:, None] * np.array([0, 0, dz])
    dataset = opt(path, sitk.GetArrayFromImage(scan.volume).astype(np.uint8), positions, dx=dx, dy=dy)
    dataset.FrameOfReferenceUID = generate_uid()
    return save(dataset, path)


def write_photo(path, values, uid=None, spacing=None, eye="R", kind="SLO"):
    d = with_pixels(dicom(path, PHOTOGRAPHY, "OP", uid), values)
    d.ImageLaterality, d.SeriesDescription = eye, kind
    if spacing:
        d.PixelSpacing = list(spacing)
    return save(d, path)
