"""The parts of the panel: scene nodes of runs, models, poses and results, overlays, and a file for each section."""
