"""A copied command is taken apart by the shell into the same words."""

import ctypes
import shutil
import subprocess
import sys

import pytest

from CorrespondCoreLib.commands import quoted, slicer_command_line
from CorrespondCoreLib.jobs import WORKER_FILE

NASTY = [
    "plain",
    "with space",
    "d'été",
    'say "hi"',
    "back\\slash\\",
    "end with slash \\",
    "$HOME",
    "`id`",
    "a&b|c<d>e",
    "100%",
    "肺",
    "",
    "*",
    "(x)",
    "--size=1,2",
]


@pytest.mark.skipif(not shutil.which("sh"), reason="no POSIX shell")
def test_posix_shells():
    line = quoted([sys.executable, "-c", "import sys; print(sys.argv[1:])", *NASTY], "sh")
    assert subprocess.run(["sh", "-c", line], capture_output=True, encoding="utf-8").stdout.strip() == repr(NASTY)


def windows_words(line):
    """How Windows programs take their command line apart (rules of CommandLineToArgvW and the C run time)."""
    words, word, in_quotes, started, i = [], "", False, False, 0
    while i < len(line):
        slashes = len(line[i:]) - len(line[i:].lstrip("\\"))
        if slashes and line[i + slashes : i + slashes + 1] == '"':
            word, started, i = word + "\\" * (slashes // 2), True, i + slashes
            if slashes % 2:
                word, i = word + '"', i + 1
        elif slashes:
            word, started, i = word + "\\" * slashes, True, i + slashes
        elif line[i] == '"':
            in_quotes, started, i = not in_quotes, True, i + 1
        elif line[i] == " " and not in_quotes:
            words, word, started, i = [*words, word] if started else words, "", False, i + 1
        else:
            word, started, i = word + line[i], True, i + 1
    return [*words, word] if started else words


def test_windows_command_prompt():
    line = quoted(["C:\\Program Files\\Slicer 5.12\\bin\\PythonSlicer.exe", *NASTY], "cmd")
    assert windows_words(line) == ["C:\\Program Files\\Slicer 5.12\\bin\\PythonSlicer.exe", *NASTY]
    in_quotes = False
    for letter in line:
        in_quotes ^= letter == '"'
        assert in_quotes or letter not in "&|<>^()%!*", "the shell itself would act on it"


@pytest.mark.skipif(sys.platform != "win32", reason="asks Windows itself")
def test_windows_takes_it_apart_alike():
    line, count = quoted(["x", *NASTY], "cmd"), ctypes.c_int()
    split = ctypes.windll.shell32.CommandLineToArgvW
    split.restype = ctypes.POINTER(ctypes.c_wchar_p)
    words = split(ctypes.c_wchar_p(line), ctypes.byref(count))
    assert words[: count.value] == ["x", *NASTY]


def test_powershell():
    line = quoted(["C:\\Program Files\\x.exe", "d'été", "$HOME", "plain"], "powershell")
    assert line == "& 'C:\\Program Files\\x.exe' 'd''été' '$HOME' plain"
    with pytest.raises(ValueError):
        quoted(["x"], "fish")


def test_the_line_for_slicer_runs(tmp_path):
    """Copied, pasted into a shell, it does the work; the module's folder is named, the core's is not needed."""
    from Testing.CorrespondCore.test_jobs import STANDIN

    module = tmp_path / "module folder é"
    shutil.copytree(STANDIN, module)
    command = ["tavi", "work", "--output", tmp_path / "out put"]
    line = slicer_command_line(command, [module, WORKER_FILE.parents[1]], python=sys.executable)
    assert line.count("--path") == 1
    done = subprocess.run(line, shell=True, capture_output=True, encoding="utf-8", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out put" / "result.txt").is_file()
