"""The displacement drawn in the views, as a deformed grid or as arrows."""

import slicer
import vtk

GRID_SPACING_MM = 10.0
COLORS = {0: (1.0, 0.95, 0.70), 10: (1.0, 0.76, 0.42), 25: (0.94, 0.50, 0.33), 45: (0.76, 0.24, 0.40)}
"""Color by displacement in mm: pale to strong, readable on gray images."""


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
    display.SetColorMap(_colorMap())
    if kind == "grid":
        display.SetVisualizationMode(slicer.vtkMRMLTransformDisplayNode.VIS_MODE_GRID)
        display.SetGridSpacingMm(GRID_SPACING_MM)
        display.SetGridScalePercent(100)
        display.SetGridShowNonWarped(False)
    else:
        display.SetVisualizationMode(slicer.vtkMRMLTransformDisplayNode.VIS_MODE_GLYPH)
        display.SetGlyphSpacingMm(GRID_SPACING_MM)
        display.SetGlyphScalePercent(100)
        display.SetGlyphType(slicer.vtkMRMLTransformDisplayNode.GLYPH_TYPE_ARROW)


def _colorMap():
    colors = vtk.vtkColorTransferFunction()
    for mm, rgb in COLORS.items():
        colors.AddRGBPoint(mm, *rgb)
    return colors
