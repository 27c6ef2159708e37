"""What this process has used and what it may use: seconds since its start, peak memory, memory that is still free."""

from __future__ import annotations

import ctypes
import os
import sys
import time
from pathlib import Path

_IMPORTED = time.perf_counter()
_GB = 1e9


def seconds_since_process_start() -> float:
    """Seconds since the operating system started this process (on macOS: since this module was imported)."""
    if sys.platform == "linux":
        started = float(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19]) / os.sysconf("SC_CLK_TCK")
        return float(Path("/proc/uptime").read_text().split()[0]) - started
    if sys.platform == "win32":
        created, *others = (ctypes.c_ulonglong() for _ in range(4))
        kernel = ctypes.windll.kernel32
        kernel.GetProcessTimes(ctypes.c_void_p(-1), *(ctypes.byref(value) for value in (created, *others)))
        return time.time() - (created.value / 1e7 - 11644473600)  # 100 ns steps since 1601
    return time.perf_counter() - _IMPORTED


def peak_memory_gb() -> float:
    """Largest resident memory of this process so far, in GB."""
    if sys.platform == "win32":
        return _windows_peak_bytes() / _GB
    if sys.platform == "linux":  # getrusage would count what the parent had when it started this process
        lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
        return int(lines["VmHWM"].split()[0]) * 1024 / _GB
    import resource  # exists on Linux and macOS only

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _GB


def available_memory_gb() -> float:
    """Memory in GB that can still be taken without swapping; a container's limit counts."""
    if sys.platform == "linux":
        lines = dict(line.split(":", 1) for line in Path("/proc/meminfo").read_text().splitlines())
        return min(int(lines["MemAvailable"].split()[0]) * 1024, _container_room_bytes()) / _GB
    if sys.platform == "win32":
        return _windows_available_bytes() / _GB
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / _GB  # macOS compresses and swaps; no better figure


def _container_room_bytes() -> float:
    """What the control group (version 2, or 1) still allows; infinite without a limit."""
    for limit_file, usage_file in (
        ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
        ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes"),
    ):
        if Path(limit_file).exists() and Path(usage_file).exists():
            limit = Path(limit_file).read_text().strip()
            return float(limit) - float(Path(usage_file).read_text()) if limit != "max" else float("inf")
    return float("inf")


def _windows_available_bytes() -> int:
    class MemoryStatus(ctypes.Structure):
        _fields_ = [("length", ctypes.c_ulong), ("load", ctypes.c_ulong)] + [
            (name, ctypes.c_ulonglong) for name in ("total", "available", "t_page", "a_page", "t_virt", "a_virt", "a_ext")
        ]

    status = MemoryStatus(length=ctypes.sizeof(MemoryStatus))
    ctypes.windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status))  # type: ignore[attr-defined]
    return status.available


def _windows_peak_bytes() -> int:
    class Counters(ctypes.Structure):
        _fields_ = [("size", ctypes.c_ulong), ("faults", ctypes.c_ulong)] + [
            (name, ctypes.c_size_t) for name in ("peak", "current", "qpp", "qp", "qpn", "qn", "page", "peak_page")
        ]

    counters = Counters(size=ctypes.sizeof(Counters))
    process = ctypes.c_void_p(-1)  # pseudo handle of this process
    ctypes.windll.psapi.GetProcessMemoryInfo(process, ctypes.byref(counters), counters.size)  # type: ignore[attr-defined]
    return counters.peak
