"""ANTs (antspyx): affine, then SyN with local correlation of radius 4 (Avants et al. 2008).

The usual iterations (100, 70, 20) take more than eight minutes on two cores; (100, 50, 0) leaves the full resolution out.
"""

import os
import shutil
import sys
from pathlib import Path

os.environ["ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS"] = sys.argv[3]  # read when ants is imported

import ants  # noqa: E402

ITERATIONS = (100, 50, 0)


def main(folder: Path, output: Path) -> None:
    fixed, moving = (ants.image_read(str(folder / name)) for name in ("fixed.nrrd", "moving.nrrd"))
    result = ants.registration(
        fixed, moving, type_of_transform="SyN", syn_metric="CC", syn_sampling=4, reg_iterations=ITERATIONS, random_seed=1
    )
    composed = ants.apply_transforms(fixed, moving, result["fwdtransforms"], compose=str(output.parent / "ants_"))
    shutil.move(composed, output.with_suffix(".nii.gz"))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
