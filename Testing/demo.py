"""`make demo`: register a phantom pair, and a real pair where there is one, segment a phantom eye, lay an aorta
over X-ray frames, photograph the panels at work.

python -m Testing.demo [FOLDER]        reports, fields and pictures go there (default build/demo)
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import SimpleITK as sitk

from .command import run_correspond
from .data import DATA


def correspond(*arguments: str | Path) -> None:
    """Run the command line as a user does; its progress is shown, its results are in the files that it writes."""
    print("\n$ correspond", *arguments, flush=True)
    run_correspond(*arguments, check=True, stdout=subprocess.DEVNULL)


def register(name: str, folder: Path, fixed: Path, moving: Path, *options: str | Path) -> str:
    """Register a pair; returns a line of figures for the summary."""
    correspond("lung", "register", fixed, moving, "--output", folder, *options)
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    before, after = report["tre_mm"]["before"], report["tre_mm"]["after"]
    return (
        f"{name:<13} TRE {before['mean']:5.2f} -> {after['mean']:.2f} mm (p90 {after['p90']:.2f}, max {after['max']:.2f}), "
        f"folding {report['folding_percent']['everywhere']:.3g} %, {report['seconds']['total']:.0f} s, "
        f"{report['peak_memory_gb']:.1f} GB: {folder / 'report.html'}"
    )


def segmented(name: str, folder: Path) -> str:
    """A line of figures of a segmented scan for the summary."""
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    measures, (grader,) = report["measures"], report["agreement"]["graders"].values()
    return (
        f"{name:<13} {report['method']}: {measures['area_mm2']:.2f} mm2 in {measures['foci_count']} foci, "
        f"true {grader['reference_mm2']:.2f} mm2, Dice {grader['dice']:.2f}, {report['seconds']['total']:.0f} s, "
        f"{report['peak_memory_gb']:.1f} GB: {folder / 'report.html'}"
    )


def aligned(name: str, folder: Path, patient: Path) -> str:
    """Fit the aorta of a phantom patient to two views, where contrast is seen best; a line of figures for the summary."""
    options: list[str | Path] = ["--mesh-frame", "LPS", "--landmarks", patient / "landmarks.csv"]
    for view in ("view_1", "view_2"):
        masks = patient / view / "masks.nrrd"
        contrast = sitk.GetArrayFromImage(sitk.ReadImage(str(masks))).sum(axis=(1, 2))
        options += ["--view", patient / view / "run.dcm", int(contrast.argmax()), "--mask", masks]
    correspond("tavi", "align", patient / "aorta_segmented.vtp", "--output", folder, *options)
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    apart = " and ".join(f"{view['residual_mm']:.2f}" for view in report["views"])
    return (
        f"{name:<13} outlines {apart} mm apart in two views, {report['seconds']['total']:.0f} s, "
        f"{report['peak_memory_gb']:.1f} GB: {folder / 'report.html'}"
    )


def main(arguments: list[str]) -> int:
    output = Path(arguments[0] if arguments else "build/demo").resolve()
    lines = []

    pair = output / "phantom"
    correspond("lung", "phantom", "--output", pair, "--size", 128, 104, 128, "--seed", 1)
    masks = ["--fixed-mask", pair / "fixed_mask.nrrd", "--moving-mask", pair / "moving_mask.nrrd"]
    files = [pair / "fixed.nrrd", pair / "moving.nrrd", *masks, "--landmarks", pair / "landmarks.csv"]
    lines.append(register("phantom pair", output / "phantom-result", *files))

    real = DATA / "lung" / "elastix"
    if real.exists():
        scans = {role: real / f"3DCT_lung_{role}.mha" for role in ("baseline", "followup")}
        masks = ["--fixed-mask", real / "3DCT_lung_baseline_mask.mha", "--moving-mask", real / "3DCT_lung_followup_mask.mha"]
        files = [scans["baseline"], scans["followup"], *masks, "--landmarks", real / "landmarks_lps_mm.csv"]
        lines.append(register("real pair", output / "real-result", *files, "--fixed-is", "expiration"))
    else:
        lines.append(f"real pair     not registered: no {real} (set CORRESPOND_DATA to a folder that holds lung/elastix)")

    eye = output / "eye"
    correspond("oct", "phantom", "--output", eye, "--seed", 3)
    visit = eye / "visit_1"
    options = ["--lesion", "ga", "--reference", visit / "true_mask.seg.nrrd"]
    correspond("oct", "segment", visit / "scan", "--output", output / "eye-result", *options)
    lines.append(segmented("phantom eye", output / "eye-result"))

    patient = output / "aorta"
    correspond("tavi", "phantom", "--output", patient, "--seed", 4, "--pixels", 256)
    lines.append(aligned("phantom aorta", output / "aorta-result", patient))

    from .LungRegistration.screenshots import take as lung_pictures
    from .OCTEnFaceSeg.screenshots import take as oct_pictures
    from .TAVIFusion.screenshots import take as tavi_pictures

    pictures = lung_pictures(output / "panel")
    for take in (oct_pictures, tavi_pictures):
        empty_scene()
        pictures += take(output / "panel")
    print(
        "\n".join(
            ["", *lines, *(f"picture       {path}" for path in pictures), "", "For research use only. Not for clinical use."]
        )
    )
    return 0


def empty_scene() -> None:
    """Nothing of one module stands in the pictures of the next."""
    import slicer

    slicer.mrmlScene.Clear(0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
