"""elastix: affine, then B-spline, after Staring et al., EMPIRE10 2010 (ElastixModelZoo Par0011, normalized correlation).

5 resolutions, 1000 iterations, 2000 random samples, 10 mm grid, mask of the fixed lungs. Runs in a process without SimpleITK.
"""

import sys
from pathlib import Path

import itk
import numpy as np

COMMON = {
    "FixedInternalImagePixelType": ["float"],
    "MovingInternalImagePixelType": ["float"],
    "Registration": ["MultiResolutionRegistration"],
    "FixedImagePyramid": ["FixedRecursiveImagePyramid"],
    "MovingImagePyramid": ["MovingRecursiveImagePyramid"],
    "Interpolator": ["BSplineInterpolator"],
    "BSplineInterpolationOrder": ["1"],
    "Metric": ["AdvancedNormalizedCorrelation"],
    "Optimizer": ["AdaptiveStochasticGradientDescent"],
    "ResampleInterpolator": ["FinalBSplineInterpolator"],
    "Resampler": ["DefaultResampler"],
    "NumberOfResolutions": ["5"],
    "ImagePyramidSchedule": [str(f) for f in (16, 8, 4, 2, 1) for _ in range(3)],
    "MaximumNumberOfIterations": ["1000"],
    "AutomaticParameterEstimation": ["true"],
    "UseAdaptiveStepSizes": ["true"],
    "HowToCombineTransforms": ["Compose"],
    "ImageSampler": ["RandomCoordinate"],
    "NumberOfSpatialSamples": ["2000"],
    "NewSamplesEveryIteration": ["true"],
    "MaximumNumberOfSamplingAttempts": ["50"],
    "ErodeMask": ["false"],
    "UseDirectionCosines": ["true"],
    "WriteResultImage": ["false"],
    "DefaultPixelValue": ["-1000"],
    "RandomSeed": ["1"],
}
AFFINE = {"Transform": ["AffineTransform"], "AutomaticScalesEstimation": ["true"], "AutomaticTransformInitialization": ["false"]}
BSPLINE = {
    "Transform": ["BSplineTransform"],
    "FinalGridSpacingInPhysicalUnits": ["10.0"] * 3,
    "GridSpacingSchedule": ["8.0", "8.0", "4.0", "2.0", "1.0"],
}


def main(folder: Path, output: Path, threads: int) -> None:
    fixed = itk.imread(str(folder / "fixed.nrrd"), itk.F)
    moving = itk.imread(str(folder / "moving.nrrd"), itk.F)
    mask = itk.imread(str(folder / "fixed_mask.nrrd"), itk.UC)
    parameters = itk.ParameterObject.New()
    for stage in (AFFINE, BSPLINE):
        parameters.AddParameterMap({**COMMON, **stage})
    elastix = itk.ElastixRegistrationMethod.New(fixed, moving)
    elastix.SetFixedMask(mask)
    elastix.SetParameterObject(parameters)
    elastix.SetNumberOfThreads(threads)
    elastix.SetLogToConsole(False)
    elastix.UpdateLargestPossibleRegion()
    transformix = itk.TransformixFilter.New(moving)
    transformix.SetTransformParameterObject(elastix.GetTransformParameterObject())
    transformix.SetComputeDeformationField(True)
    transformix.UpdateLargestPossibleRegion()
    field = itk.array_from_image(transformix.GetOutputDeformationField()).astype(np.float32)
    image = itk.image_from_array(field, ttype=itk.Image[itk.Vector[itk.F, 3], 3])
    image.CopyInformation(fixed)
    itk.imwrite(image, str(output))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
