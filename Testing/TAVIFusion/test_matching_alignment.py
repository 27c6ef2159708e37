"""The paper's matching network behind the affine alignment."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from TAVIFusionLib.alignment.affine import align_affine  # noqa: E402
from TAVIFusionLib.alignment.pictures import full_matrix, warped  # noqa: E402
from TAVIFusionLib.networks.matching import compact_matching_network  # noqa: E402
from TAVIFusionLib.networks.transformer import pixel_matrix  # noqa: E402


def test_an_untrained_network_says_identity_and_a_theta_becomes_pixels_of_the_frame():
    torch.manual_seed(0)
    network = compact_matching_network()
    mask = np.zeros((128, 128), bool)
    mask[30:90, 40:70] = True
    assert np.allclose(align_affine(mask, mask, "network", network).matrix, np.eye(2, 3), atol=1e-5)
    theta = np.array([[0.9, 0.1, 0.2], [-0.05, 1.1, -0.1]])
    with torch.no_grad():
        network.last.bias.copy_(torch.from_numpy(theta).float().flatten())
    found = align_affine(mask, mask, "network", network)
    assert np.allclose(found.matrix, full_matrix(pixel_matrix(theta, (256, 256)), (128, 128), (256, 256)), atol=1e-4)
    assert found.dsc == pytest.approx(
        2 * (warped(mask, found.matrix) >= 0.5)[mask].sum() / ((warped(mask, found.matrix) >= 0.5).sum() + mask.sum())
    )
