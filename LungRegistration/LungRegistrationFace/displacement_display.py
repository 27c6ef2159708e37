"""The displacement drawn in the views, as a deformed grid or as arrows."""

import slicer

GRID_SPACING_MM = 10.0


def showDisplacement(result, kind):
    """Draw the displacement of a result in slice and 3D views. kind: "off", "grid" or "glyphs"."""
    transform = result.transform
    transform.CreateDefaultDisplayNodes()
    display = transform.GetDisplayNode()
    display.SetVisibility(kind != "off")
    display.SetVisibility2D(kind != "off")
    display.SetVisibility3D(False)
    if kind == "off":
        return
    if result.fixed is not None:
        display.SetAndObserveRegionNode(result.fixed)
    if kind == "grid":
        display.SetVisualizationMode(slicer.vtkMRMLTransformDisplayNode.VIS_MODE_GRID)
        display.SetGridSpacingMm(GRID_SPACING_MM)
        display.SetGridScalePercent(100)
        display.SetGridLineDiameterMm(0.6)
        display.SetGridShowNonWarped(False)
    else:
        display.SetVisualizationMode(slicer.vtkMRMLTransformDisplayNode.VIS_MODE_GLYPH)
        display.SetGlyphSpacingMm(GRID_SPACING_MM)
        display.SetGlyphScalePercent(100)
        display.SetGlyphType(slicer.vtkMRMLTransformDisplayNode.GLYPH_TYPE_ARROW)
