"""What surrounds every training: its device and processes, its folder, and errors in words that help."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..devices import check_torch, pick_device
from ..errors import Cancelled, OutOfMemory
from ..explain import is_memory_error
from ..files import check_output_folder
from ..progress import Progress
from ..threads import limited
from .distributed import Processes, processes


@contextmanager
def training_run(
    output: str | Path, device: str, threads: int | None, progress: Progress, load: str
) -> Iterator[tuple[Path, Processes]]:
    """The folder of a training, made where it is not there, and this process among those that train.

    Args:
        output: the folder; with several machines, one that all of them see.
        device: "auto", "cpu", "cuda" or "mps".
        load: what fills the memory, for the message when it runs out ("4 frames of 512 pixels").

    Raises:
        InputError, OutputError, MissingPackage, Cancelled, OutOfMemory: each with a message for the user.
    """
    check_torch()
    with limited(threads), processes(pick_device(device, progress)) as group:
        folder = check_output_folder(output)
        try:
            yield folder, group
        except (Cancelled, KeyboardInterrupt) as error:
            raise Cancelled("The training was stopped. Go on from its last checkpoint with --resume.") from error
        except (MemoryError, RuntimeError) as error:
            if not is_memory_error(error):
                raise
            raise OutOfMemory(
                f"The memory of {group.device} ran out at {load}. Close other programs and go on with --resume, or begin anew, "
                "in another folder, with a smaller size or batch in the configuration."
            ) from error
