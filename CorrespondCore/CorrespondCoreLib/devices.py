"""Where networks and optimizers compute: cpu, cuda or mps. torch is imported inside functions, and only in child processes."""

from __future__ import annotations

import importlib.metadata
from typing import Any

from .errors import InputError, MissingPackage
from .progress import Progress

TORCH_REQUIREMENT = ">=2.2"


def installed_version(package: str) -> str | None:
    """Version of a Python package, or None if it is absent. Nothing is imported."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def numpy_mismatch_message() -> str:
    """What to tell a user whose torch cannot talk to the installed NumPy."""
    torch, numpy = installed_version("torch"), installed_version("numpy")
    return (
        f"torch {torch} was built for NumPy 1 and cannot work with NumPy {numpy}. In Slicer's Python console run\n"
        '    slicer.util.pip_install("numpy<2")\n'
        'and restart Slicer; elsewhere run: python -m pip install "numpy<2". torch 2.3 or newer works with both, '
        "where it exists for the computer (not for Macs with Intel processor, nor for Slicer for macOS)."
    )


def check_torch() -> None:
    """Make sure, by package metadata alone, that torch is there and fits NumPy.

    Raises:
        MissingPackage: it is absent, too old, or was built for NumPy 1 while NumPy 2 is installed.
    """
    torch, numpy = installed_version("torch"), installed_version("numpy")
    if torch is None:
        raise MissingPackage(
            "The Python package torch is not installed. In Slicer, try again and agree to the installation; "
            'elsewhere run: python -m pip install "torch>=2.2"'
        )
    if _release(torch) < (2, 2):
        raise MissingPackage(
            f"torch {torch} is too old, 2.2 or newer is needed. In Slicer, uninstall it in the module PyTorch Utils, restart, "
            'and try again; elsewhere run: python -m pip install --upgrade "torch>=2.2"'
        )
    if _release(torch) < (2, 3) and numpy is not None and _release(numpy) >= (2, 0):
        raise MissingPackage(numpy_mismatch_message())


def pick_device(name: str = "auto", progress: Progress | None = None) -> str:
    """The torch device to compute on, tried out. For child processes: imports torch.

    Args:
        name: "auto" (cuda, else mps, else cpu), "cpu", "cuda", "cuda:1", "mps".
        progress: gets a warning if auto finds a graphics processor that does not work.

    Raises:
        InputError: the device that was asked for does not work here. MissingPackage: see check_torch.
    """
    check_torch()
    if name == "auto":
        for candidate in ("cuda", "mps"):
            if _present(candidate):
                problem = _problem(candidate)
                if problem is None:
                    return candidate
                if progress:
                    progress.warning(f"The graphics processor ({candidate}) is not used: {problem}")
        return "cpu"
    if name == "cpu":
        return "cpu"
    kind = name.split(":")[0]
    if kind not in ("cuda", "mps"):
        raise InputError(f'Unknown device "{name}". Use auto, cpu, cuda or mps.')
    if not _present(kind):
        raise InputError(
            f'The device "{name}" is not available on this computer (torch {installed_version("torch")}). Use auto or cpu.'
        )
    problem = _problem(name)
    if problem is not None:
        raise InputError(f'The device "{name}" does not work: {problem} Use auto or cpu.')
    return name


def probe() -> dict[str, dict[str, Any]]:
    """All devices, tried out. For child processes: imports torch.

    Returns:
        {"cpu": {"name": ..., "works": True, "problem": None}, "cuda": ..., "mps": ...}, present ones only.
    """
    check_torch()
    import torch

    found: dict[str, dict[str, Any]] = {"cpu": {"name": "CPU", "works": True, "problem": None}}
    for kind in ("cuda", "mps"):
        if _present(kind):
            problem = _problem(kind)
            name = torch.cuda.get_device_name() if kind == "cuda" else "Apple graphics"
            found[kind] = {"name": name, "works": problem is None, "problem": problem}
    return found


def _present(kind: str) -> bool:
    import torch

    return torch.cuda.is_available() if kind == "cuda" else torch.backends.mps.is_available()


def _problem(device: str) -> str | None:
    """Try what registration needs: 3D convolution, 3D sampling, and their gradients. None if all of it works."""
    import torch

    try:
        generator = torch.Generator().manual_seed(0)
        image = torch.rand((1, 1, 6, 7, 8), generator=generator)
        weight = torch.rand((2, 1, 3, 3, 3), generator=generator)
        grid = torch.rand((1, 4, 4, 4, 3), generator=generator) * 1.8 - 0.9
        expected, computed = (_gradients(image, weight, grid, where) for where in ("cpu", device))
        for cpu, other in zip(expected, computed, strict=True):
            if not torch.allclose(cpu, other, rtol=1e-2, atol=1e-3):
                return "its results differ from the CPU's."
    except (RuntimeError, NotImplementedError, AssertionError) as error:
        return f"{str(error).splitlines()[0][:200]}."
    return None


def _gradients(image: Any, weight: Any, grid: Any, device: str) -> list[Any]:
    """Value and gradients of a small 3D convolution that is sampled by a grid."""
    import torch

    inputs = [tensor.to(device).requires_grad_() for tensor in (image, weight, grid)]
    features = torch.nn.functional.conv3d(inputs[0], inputs[1], padding=1)
    sampled = torch.nn.functional.grid_sample(features, inputs[2], align_corners=True)
    value = sampled.square().sum()
    return [tensor.detach().cpu() for tensor in (value, *torch.autograd.grad(value, inputs))]


def _release(version: str) -> tuple[int, int]:
    """(major, minor) of a version such as 2.13.0+cpu."""
    major, minor = version.split(".")[:2]
    return int(major), int("".join(c for c in minor if c.isdigit()) or 0)
