"""CT series as DICOM files, for tests."""

import numpy as np
import SimpleITK as sitk
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

ROWS, COLUMNS, COUNT = 10, 12, 9
SPACING_YX, SLICE_MM = (0.8, 0.7), 2.5
ORIGIN = (-20.0, 30.0, -500.0)
STORED = np.random.default_rng(5).integers(0, 1500, (COUNT, ROWS, COLUMNS)).astype(np.uint16)


def write_series(folder, axes=None, order=None, series=1, shift=0.0, tilt=0.0, first=0, image=None):
    """A CT series with rescale intercept -1024; the files are named in another order than their positions.

    Args:
        axes: (3, 3) of rows, columns and slices; upright if None. order: numbers of the slices; all if None.
        image: SimpleITK image, upright, of what shall be stored (HU); `STORED` if None.
    """
    stored, spacing, origin = STORED, (*SPACING_YX[::-1], SLICE_MM), ORIGIN
    if image is not None:
        stored, spacing, origin = (sitk.GetArrayFromImage(image) + 1024).astype(np.uint16), image.GetSpacing(), image.GetOrigin()
    count = len(stored)
    folder.mkdir(exist_ok=True)
    axes = np.eye(3) if axes is None else axes
    uid = generate_uid(entropy_srcs=[str(series)])
    for n in range(count) if order is None else order:
        meta = FileMetaDataset()
        meta.MediaStorageSOPClassUID, meta.TransferSyntaxUID = CTImageStorage, ExplicitVRLittleEndian
        meta.MediaStorageSOPInstanceUID = generate_uid()
        d = FileDataset(None, {}, file_meta=meta, preamble=b"\0" * 128)
        d.SOPClassUID, d.SOPInstanceUID, d.SeriesInstanceUID = CTImageStorage, meta.MediaStorageSOPInstanceUID, uid
        d.StudyInstanceUID, d.PatientName, d.PatientID = generate_uid(entropy_srcs=["study"]), "Doe^Jane", "4711"
        d.Modality, d.SeriesNumber, d.InstanceNumber = "CT", series, count - n
        d.Rows, d.Columns, d.PixelSpacing = *stored.shape[1:], [spacing[1], spacing[0]]
        d.ImageOrientationPatient = [float(v) for v in axes[:, :2].T.ravel()]
        position = np.array(origin) + (n * spacing[2] + shift) * axes[:, 2] + n * tilt * axes[:, 1]
        d.ImagePositionPatient = [float(v) for v in position]
        d.SamplesPerPixel, d.PhotometricInterpretation, d.PixelRepresentation = 1, "MONOCHROME2", 0
        d.BitsAllocated, d.BitsStored, d.HighBit = 16, 16, 15
        d.RescaleIntercept, d.RescaleSlope = -1024, 1
        d.PixelData = stored[n].tobytes()
        d.save_as(folder / f"im{series}{(n * 5 + first) % count}.dcm", enforce_file_format=True)
    return folder
