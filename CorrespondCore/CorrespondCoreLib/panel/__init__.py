"""What the panels of several modules share. Needs Slicer; imported by the faces only."""
