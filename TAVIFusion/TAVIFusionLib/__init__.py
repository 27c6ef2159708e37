"""The aorta of a CTA on fluoroscopy frames: segmentation, cone-beam projection, 2D/3D alignment, tracking, training and reports.

For research use only. Knows nothing of slicer, qt or MRML. Meshes and points are LPS mm; image points are (column, row) pixels,
the center of the first pixel is (0, 0).
"""

import os

# Read when torch is loaded: idle threads sleep instead of spinning, else a busy computer makes small steps many times slower.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
