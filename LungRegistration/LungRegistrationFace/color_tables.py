"""Color tables of the scene: made when they are first needed, and saved with it."""

import numpy as np
import slicer


def continuousTable(name, anchors):
    """A table of 256 colors between the anchors, (N, 3) RGB 0 ... 255."""
    positions, stops = np.linspace(0, 1, 256), np.linspace(0, 1, len(anchors))
    channels = [np.interp(positions, stops, np.asarray(anchors)[:, channel] / 255) for channel in range(3)]
    return _table(name, [(str(i), (*rgb, 1.0)) for i, rgb in enumerate(zip(*channels, strict=True))])


def classTable(name, classes):
    """A table of classes: (name, RGBA 0 ... 1) for each voxel value from 0 on."""
    return _table(name, classes)


def _table(name, entries):
    node = slicer.mrmlScene.GetFirstNodeByName(name)
    if node is None:
        node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLColorTableNode", name)
        node.SetTypeToUser()
        node.SetNumberOfColors(len(entries))
        for i, (label, rgba) in enumerate(entries):
            node.SetColor(i, label, *rgba)
    return node
