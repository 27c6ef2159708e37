"""Commands that behave well and badly."""

import atexit
import ctypes
import os
import re
import signal
import sys
import time
from pathlib import Path

from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.files import whole_file


def add_commands(subparsers):
    for command in (work, draw, refuse, stumble, vanish, swallow_memory, babble, hang, grip, truncate, forget):
        parser = subparsers.add_parser(command.__name__.replace("_", "-"), help=command.__doc__)
        parser.add_argument("--output", type=Path)
        parser.add_argument("--seconds", type=float, default=0.3)
        parser.set_defaults(func=command)


def work(arguments, progress):
    """Take some time, warn, write one file."""
    with progress.stage("First half", until=0.5) as step:
        for i in range(10):
            time.sleep(arguments.seconds / 20)
            step((i + 1) / 10)
    progress.warning("The lungs were not found, größer")
    with progress.stage("Second half", until=1.0) as step, whole_file(arguments.output / "result.txt") as temporary:
        for i in range(10):
            with open(temporary, "a") as file:
                file.write(f"{i}\n")
            time.sleep(arguments.seconds / 20)
            step((i + 1) / 10)
    return {"files": [arguments.output / "result.txt"], "pid": os.getpid(), "nan": float("nan")}


def draw(arguments, progress):
    """Draw a curve of more points than lines are sent."""
    with progress.stage("Drawing", until=1.0) as step:
        for i in range(200):
            progress.part(until=1.0).point(step=i, loss=1 / (i + 1))
            step(i / 200)
    return {}


def refuse(arguments, progress):
    """Refuse the input."""
    raise InputError("The image is flat, größer. Choose another.")


def stumble(arguments, progress):
    """Run into a bug."""
    print("about to stumble")
    return {}["no such key"]


def vanish(arguments, progress):
    """Be killed by the system, as when memory runs out."""
    print("about to vanish", flush=True)
    with progress.stage("Vanishing", until=0.5):
        os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))


def swallow_memory(arguments, progress):
    """Need more memory than there is, under a limit of the operating system."""
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))
    return {"bytes": len(bytearray(8 << 30))}


def babble(arguments, progress):
    """Print what nobody can decode, from Python and from C, with and without line ends, before and after work."""
    print('{"event": "done"}', "größer", "\udcff")
    sys.stderr.write("no line end")
    os.write(1, bytes(range(256)) * 300)
    os.write(2, b"\xff\xfe" + b"x" * 100_000)
    ctypes.CDLL(None).puts(b"from C \xff")
    results = work(arguments, progress)
    os.write(1, b"\xff" * 100)  # right before the last line of the job
    return results


def hang(arguments, progress):
    """Hear nothing, for a minute."""
    with progress.stage("Hanging", until=0.1):
        time.sleep(60)


def grip(arguments, progress):
    """Hear nothing, and let no other thread of this process run."""
    with progress.stage("Gripping", until=0.1):
        re.match(r"(a+)+$", "a" * 60 + "b")


def truncate(arguments, progress):
    """Lose half of a result after it was reported."""
    results = work(arguments, progress)
    atexit.register(os.truncate, arguments.output / "result.txt", 7)
    return results


def forget(arguments, progress):
    """Leave without a word."""
    os._exit(0)
