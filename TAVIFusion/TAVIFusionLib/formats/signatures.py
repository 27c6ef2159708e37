"""What a file is, by its first bytes. Imports nothing, so that Slicer can ask it for every file that a user drops."""

from __future__ import annotations

DICOM, PICTURE, VIDEO = "DICOM", "picture", "video"
HEAD_BYTES = 4096
_PICTURES = (b"\x89PNG\r\n\x1a\n", b"II*\0", b"MM\0*", b"II+\0", b"MM\0+", b"\xff\xd8\xff", b"BM")
_VIDEOS = (b"\x1a\x45\xdf\xa3", b"\0\0\x01\xba", b"\0\0\x01\xb3", b"GIF8")


def signature(head: bytes) -> str:
    """DICOM, PICTURE or VIDEO by the first `HEAD_BYTES` bytes of a file, or "" for all others."""
    if head[128:132] == b"DICM" or _bare_dicom(head):
        return DICOM
    if head.startswith(_PICTURES):
        return PICTURE
    if head.startswith(_VIDEOS) or head[4:8] == b"ftyp" or (head[:4], head[8:12]) == (b"RIFF", b"AVI "):
        return VIDEO
    return ""


def _bare_dicom(head: bytes) -> bool:
    """True for DICOM without preamble: it begins with an element of group 2 or 8, its value a short one."""
    if head[:2] not in (b"\x02\0", b"\x08\0") or len(head) < 132 or head[3:4] != b"\0":
        return False
    explicit = head[4:6].isalpha() and head[4:6].isupper()
    return explicit or 0 < int.from_bytes(head[4:8], "little") < 128
