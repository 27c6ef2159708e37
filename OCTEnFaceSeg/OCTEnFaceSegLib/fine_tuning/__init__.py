"""A trained network fitted to a user's own scans, with masks drawn in Slicer."""
