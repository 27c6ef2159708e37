"""What a file is, by its first bytes. Imports nothing, so that Slicer can ask it for every file that a user drops."""

from __future__ import annotations

VOL, XML, E2E, TOPCON, DICOM, SCAN_FOLDER = (
    "Heidelberg .vol",
    "Heidelberg XML",
    "Heidelberg .e2e",
    "Topcon",
    "DICOM",
    "scan folder",
)
HEAD_BYTES = 4096
FORMAT = "Correspond OCT scan"
"""Stands in every `scan.json`; see `scan_folder`."""


def signature(head: bytes) -> str:
    """The format whose mark the first `HEAD_BYTES` bytes of a file carry, or "" for those without one (pictures, .img, ITK).

    DICOM may be anything: an OCT scan, a photograph, or of another part of the body.
    """
    if head.startswith(b"HSF-OCT-"):
        return VOL
    if head.startswith((b"CMDb", b"E2EMultipleVolumeFile")):
        return E2E
    if head.startswith(b"FOCT"):
        return TOPCON
    if head[128:132] == b"DICM":
        return DICOM
    if b"<HEDX" in head:
        return XML
    if head.lstrip().startswith(b"{") and FORMAT.encode() in head:
        return SCAN_FOLDER
    return ""
