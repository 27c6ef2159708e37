"""The Segment Editor, opened on a mask."""

import slicer


def openSegmentEditor(segmentation, source):
    """Go to the Segment Editor. The views stay as they are: by itself the editor would show the source volume in all of them.

    Args:
        segmentation: vtkMRMLSegmentationNode to edit.
        source: vtkMRMLScalarVolumeNode whose grid the mask has.
    """
    module = slicer.util.getModuleWidget("SegmentEditor")
    module.selectParameterNode()
    editor = module.editor
    shows = editor.autoShowSourceVolumeNode
    editor.autoShowSourceVolumeNode = False
    try:
        editor.setSegmentationNode(segmentation)
        editor.setSourceVolumeNode(source)
        slicer.util.selectModule("SegmentEditor")
    finally:
        editor.autoShowSourceVolumeNode = shows
