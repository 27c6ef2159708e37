"""Reading and writing: images, DICOM, landmarks, data sets."""
