"""The registration of a sequence beside Slicer: one cohort in a child process."""

from slicer.i18n import tr as _

from CorrespondCoreLib.errors import CorrespondError, PartlyFailed

from .background import Background
from .sequence_loading import loadSequence


class SequenceJob(Background):
    """`correspond lung batch` for all phases; a phase that fails fails the whole, because its place in the sequence would be
    empty.

    Args:
        request: SequenceRequest.
        onProgress, onFinished: see Background.
    """

    def __init__(self, request, onProgress=None, onFinished=None):
        super().__init__(
            lambda folder: ["lung", "batch", *request.write(folder), "--output", str(folder / "results")],
            lambda folder: loadSequence(folder / "results", request),
            request.nodes(),
            onProgress,
            onFinished,
        )

    def _finish(self, job):
        if isinstance(job.error, PartlyFailed):
            _first, *reasons = str(job.error).splitlines()
            job.error = CorrespondError(
                "\n".join([_("Nothing was changed, because not all phases could be registered:"), *reasons])
            )
        super()._finish(job)
