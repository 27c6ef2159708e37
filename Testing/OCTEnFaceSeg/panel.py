"""What the panel tests share: the panel in an empty scene, a small phantom eye. Runs in Slicer, too."""

import functools

from Testing import host

host.start(modules=["CorrespondCore/CorrespondCore.py", "OCTEnFaceSeg/OCTEnFaceSeg.py"])

from Testing.panel_case import ModulePanelTestCase  # noqa: E402

SIZE = (24, 160, 160)


@functools.cache
def eye(visit=0, lesion="ga"):
    """A small phantom eye (OCTEnFaceSegLib.phantom.PhantomEye), made once."""
    from OCTEnFaceSegLib.phantom import phantom_eye

    return phantom_eye(SIZE, seed=3, lesion=lesion, visit=visit, years=2.0)


class PanelTestCase(ModulePanelTestCase):
    """The module's panel in an empty scene."""

    MODULE = "OCTEnFaceSeg"

    def addEye(self, visit=0):
        """A visit of the phantom eye in the scene: its volume node."""
        from OCTEnFaceSegFace.scan_nodes import addScan, writeFacts

        node = addScan(eye(visit).scan, f"Eye, visit {visit + 1}")
        writeFacts(node, {"years": 2.0 * visit})
        return node

    def segmented(self, visit=0):
        """A segmented visit, chosen in the panel: SegmentationResult."""
        result = self.widget.logic.segment(self.addEye(visit), method="hypertransmission")
        self.parameters.result = result.segmentation
        return result
