"""System libraries that rendering and Qt need, found by using them; named with the Debian package that brings them.

`python -m Testing.host.system_libraries` prints what is missing, with `--packages` only the packages, and ends
with exit code 1. It needs nothing but Python.
"""

from __future__ import annotations

import ctypes
import sys

DEBIAN_PACKAGES = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libX11.so.6": "libx11-6",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libdbus-1.so.3": "libdbus-1-3",
    "libfontconfig.so.1": "libfontconfig1",
    "libfreetype.so.6": "libfreetype6",
    "libgthread-2.0.so.0": "libglib2.0-0",
}
EGL_PLATFORM_SURFACELESS_MESA = 0x31DD


def _software_rendering_starts() -> bool:
    """Whether EGL starts without a display: it needs Mesa's EGL and its software driver."""
    egl = ctypes.CDLL("libEGL.so.1")
    egl.eglGetDisplay.restype = egl.eglGetPlatformDisplay.restype = ctypes.c_void_p
    egl.eglGetDisplay.argtypes = [ctypes.c_void_p]
    egl.eglGetPlatformDisplay.argtypes = [ctypes.c_uint, ctypes.c_void_p, ctypes.c_void_p]
    egl.eglInitialize.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p]
    displays = egl.eglGetPlatformDisplay(EGL_PLATFORM_SURFACELESS_MESA, None, None), egl.eglGetDisplay(None)
    return any(display and egl.eglInitialize(display, None, None) for display in displays)


def missing() -> dict[str, str]:
    """{what is missing: Debian packages}; empty on Windows and macOS, whose Qt and VTK bring everything."""
    if not sys.platform.startswith("linux"):
        return {}
    found = {}
    for library, package in DEBIAN_PACKAGES.items():
        try:
            ctypes.CDLL(library)
        except OSError:
            found[library] = package
    if "libEGL.so.1" not in found and not _software_rendering_starts():
        found["EGL's software driver"] = "libegl-mesa0 libgl1-mesa-dri"
    return found


def main() -> int:
    absent = missing()
    packages = " ".join(sorted(set(absent.values())))
    if "--packages" in sys.argv:
        print(packages)
    elif absent:
        for what, package in absent.items():
            print(f"{what} is missing. Debian: {package}")
        print(f"Install with: apt-get install --no-install-recommends {packages}")
    return 1 if absent else 0


if __name__ == "__main__":
    sys.exit(main())
