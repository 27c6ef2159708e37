"""From files to files: what the panel, the command line, the console and the tests call."""

from .align_run import align_files
from .run_input import RunInput, ViewInput
from .segment_run import segment_file
from .track_run import track_file

__all__ = ["RunInput", "ViewInput", "align_files", "segment_file", "track_file"]
