"""Views and layouts: Slicer's displayable managers render offscreen, Qt widgets show the pictures."""
