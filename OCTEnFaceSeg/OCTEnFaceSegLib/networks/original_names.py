"""The networks whose original checkpoints can be imported, by their names in commands. No torch here."""

TITLES = {
    "fpn": "Feature projection network",
    "resensnet": "ReSensNet",
    "lachinov": "Projective skip network",
    "ipnv2": "Image projection network V2",
}
