"""convexAdam (Siebert et al. 2021) with the defaults of its package: MIND features, 32 bit on the CPU, no affine."""

import sys
from pathlib import Path

import numpy as np
import SimpleITK as sitk
import torch
from convexAdam.convex_adam_MIND import convex_adam_pt


def main(folder: Path, output: Path, threads: int) -> None:
    torch.set_num_threads(threads)
    fixed = sitk.ReadImage(str(folder / "fixed.nrrd"), sitk.sitkFloat32)
    moving = sitk.ReadImage(str(folder / "moving.nrrd"), sitk.sitkFloat32)
    moving = sitk.Resample(moving, fixed, sitk.Transform(), sitk.sitkLinear, -1000.0)
    arrays = [sitk.GetArrayFromImage(image) for image in (fixed, moving)]
    voxels_zyx = convex_adam_pt(*arrays, dtype=torch.float32, device=torch.device("cpu"))
    steps = voxels_zyx[..., ::-1] * np.array(fixed.GetSpacing())
    field = sitk.GetImageFromArray((steps @ np.array(fixed.GetDirection()).reshape(3, 3).T).astype(np.float32), isVector=True)
    field.CopyInformation(fixed)
    sitk.WriteImage(field, str(output))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
