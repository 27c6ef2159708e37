"""SimpleITK's diffeomorphic demons (Vercauteren et al. 2009): histogram matching, levels 8-4-2-1, 100-100-80-30 iterations."""

import sys
from pathlib import Path

import SimpleITK as sitk

LEVELS = ((8, 100), (4, 100), (2, 80), (1, 30))
FIELD_SMOOTHING_VOXELS = 1.5


def shrunk(image: sitk.Image, factor: int) -> sitk.Image:
    if factor == 1:
        return image
    sigma = [0.5 * factor * s for s in image.GetSpacing()]
    return sitk.Shrink(sitk.SmoothingRecursiveGaussian(image, sigma), [factor] * 3)


def main(folder: Path, output: Path, threads: int) -> None:
    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(threads)
    fixed = sitk.ReadImage(str(folder / "fixed.nrrd"), sitk.sitkFloat32)
    moving = sitk.ReadImage(str(folder / "moving.nrrd"), sitk.sitkFloat32)
    moving = sitk.HistogramMatching(sitk.Resample(moving, fixed, sitk.Transform(), sitk.sitkLinear, -1000.0), fixed, 256, 15)
    field = None
    for factor, iterations in LEVELS:
        small_fixed, small_moving = shrunk(fixed, factor), shrunk(moving, factor)
        if field is None:
            field = sitk.Image(small_fixed.GetSize(), sitk.sitkVectorFloat64)
            field.CopyInformation(small_fixed)
        field = sitk.Resample(field, small_fixed, sitk.Transform(), sitk.sitkLinear, 0.0, sitk.sitkVectorFloat64, True)
        demons = sitk.DiffeomorphicDemonsRegistrationFilter()
        demons.SetNumberOfIterations(iterations)
        demons.SetStandardDeviations(FIELD_SMOOTHING_VOXELS)
        field = demons.Execute(small_fixed, small_moving, field)
    sitk.WriteImage(sitk.Cast(field, sitk.sitkVectorFloat32), str(output))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
