"""The face of OCTEnFaceSeg: scene nodes, panel sections. Knows Slicer; calculates nothing that the library does."""
