"""The stand-in for Slicer's build tree refuses every extension that would be packaged broken."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CMAKE = shutil.which("cmake", path=str(Path(sys.executable).parent)) or shutil.which("cmake")
STAND_IN = Path(__file__).resolve().parents[1] / "cmake"

EXTENSION = """
cmake_minimum_required(VERSION 3.16.3...3.28)
project(Example NONE)
foreach(field HOMEPAGE CONTRIBUTORS DESCRIPTION ICONURL SCREENSHOTURLS DEPENDS)
  set(EXTENSION_${field} "x")
endforeach()
find_package(Slicer REQUIRED)
include(${Slicer_USE_FILE})
add_subdirectory(First)
add_subdirectory(Second)
include(${Slicer_EXTENSION_GENERATE_CONFIG})
include(${Slicer_EXTENSION_CPACK})
"""


def write_list(folder: Path, *files: str) -> None:
    text = f"slicerMacroBuildScriptedModule(NAME {folder.name} SCRIPTS {' '.join(files)})\n"
    (folder / "CMakeLists.txt").write_text(text)


@pytest.fixture
def extension(tmp_path):
    """An extension of two modules, First and Second, in a folder whose name has a space."""
    root = tmp_path / "an extension"
    for name in ("First", "Second"):
        (root / name / f"{name}Lib").mkdir(parents=True)
        (root / name / f"{name}.py").write_text("")
        (root / name / f"{name}Lib" / "part.py").write_text("")
        write_list(root / name, f"{name}.py", f"{name}Lib/part.py")
    (root / "CMakeLists.txt").write_text(EXTENSION)
    return root


def configure(root: Path) -> subprocess.CompletedProcess:
    command = [
        CMAKE,
        "-S",
        root,
        "-B",
        root / "build",
        f"-DSlicer_DIR={STAND_IN}",
        f"-DCMAKE_INSTALL_PREFIX={root / 'installed'}",
    ]
    return subprocess.run(command, capture_output=True, text=True)


def test_a_complete_extension_installs_into_one_folder(extension):
    assert configure(extension).returncode == 0
    subprocess.run([CMAKE, "--install", extension / "build"], check=True, capture_output=True)
    folder = extension / "installed" / "lib" / "Slicer-5.12" / "qt-scripted-modules"
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert found == {"First.py", "FirstLib/part.py", "Second.py", "SecondLib/part.py"}


def refuse(root: Path, *words: str) -> None:
    result = configure(root)
    assert result.returncode != 0
    message = " ".join(result.stderr.split())
    assert all(word in message for word in words), message


def test_a_listed_file_must_exist(extension):
    write_list(extension / "First", "First.py", "FirstLib/part.py", "FirstLib/lost.py")
    refuse(extension, "FirstLib/lost.py", "listed but absent")


@pytest.mark.parametrize(
    "name", ["FirstLib/new.py", "Resources/panel.ui", "Resources/card.json", "Resources/w.safetensors", "Resources/a.png"]
)
def test_a_file_on_disk_must_be_listed(extension, name):
    path = extension / "First" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("")
    refuse(extension, name, "not listed")


def test_paths_must_stay_below_the_module(extension):
    write_list(extension / "First", "First.py", "FirstLib/part.py", "../Second/Second.py")
    refuse(extension, "../Second/Second.py", "not a path below")


def test_absolute_paths_are_refused(extension):
    write_list(extension / "First", "First.py", "FirstLib/part.py", f'"{extension / "First" / "First.py"}"')
    refuse(extension, "not a path below")


def test_two_modules_must_not_install_the_same_path(extension):
    for name in ("First", "Second"):
        icon = "icon.png" if name == "First" else "Icon.png"
        (extension / name / "Resources").mkdir()
        (extension / name / "Resources" / icon).write_text(name)
        write_list(extension / name, f"{name}.py", f"{name}Lib/part.py", f"Resources/{icon}")
    refuse(extension, "First", "Second", "overwrite")


def test_every_extension_field_must_be_set(extension):
    text = (extension / "CMakeLists.txt").read_text().replace(" DEPENDS)", ")")
    (extension / "CMakeLists.txt").write_text(text)
    refuse(extension, "EXTENSION_DEPENDS")
