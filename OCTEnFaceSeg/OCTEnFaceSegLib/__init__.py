"""En-face masks of GA and RPD from retinal OCT volumes. Knows nothing of slicer, qt or MRML."""

import os

# Read when torch is loaded: idle threads sleep instead of spinning, else a busy computer makes small steps many times slower.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
