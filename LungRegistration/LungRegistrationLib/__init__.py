"""Deformable registration of inhale and exhale lung CT. Knows nothing of slicer, qt or MRML."""
