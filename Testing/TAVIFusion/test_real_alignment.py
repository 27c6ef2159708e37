"""A real phantom in two real XA runs: its CT mesh is laid over both from four picked points."""

import numpy as np
import pytest

pytest.importorskip("vtkmodules")

from Testing.TAVIFusion.real_phantom import aligned, centerline_distances_mm, outline_distances_mm, real_phantom  # noqa: E402


def test_the_mesh_lies_over_both_views():
    phantom = real_phantom()
    pairs, fit = aligned(phantom)
    assert np.nanmax(pairs.residual_mm) < 5.0  # picked by eye, at the glass ends of tubes
    assert fit.degrees == "six"
    for distances in outline_distances_mm(phantom, fit.pose):
        assert np.median(distances) < 1.5
    before, after = (np.concatenate(centerline_distances_mm(phantom, pose)) for pose in (pairs.pose, fit.pose))
    assert np.median(after) < 1.3 < np.median(before)
    assert not any("stuck" in warning for warning in fit.warnings)
