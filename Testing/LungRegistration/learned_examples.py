"""Small networks in a model folder, and pairs that they register, for the tests of the registration with a network."""

import numpy as np
import SimpleITK as sitk
import torch
from torch import nn

from CorrespondCoreLib.models import Model, ModelStore
from LungRegistrationLib.geometry.lattice import Lattice
from LungRegistrationLib.geometry.linear import translation
from LungRegistrationLib.learned.preprocessing import network_lattice
from LungRegistrationLib.networks.checkpoints import NETWORKS, save_model
from Testing.LungRegistration.registration_examples import from_array, lung_shape, texture, voxel_points

POINTS = np.random.default_rng(0).uniform(-50, 50, (4000, 3))
POINTS = POINTS[lung_shape(POINTS * 1.08)][:500]  # in the lungs, LPS mm

SMALL = {
    "rrn": {"pyramid_channels": [2, 2, 2, 2], "estimator_channels": [4, 4, 4, 4, 4], "refiner_channels": [4] * 6},
    "virnet": {"levels": 2, "channels": [4, 4, 8]},
    "voxelmorph": {"encoder": [8, 8, 8], "decoder": [8, 8, 8], "last": [8]},
}
SIZES = {"rrn": (48, 48, 48), "virnet": (40, 32, 48), "voxelmorph": (40, 32, 48)}


def install(method: str, network: nn.Module, model_id: str = "small", **entries: object) -> Model:
    """Keep a network with the options of SMALL in the user's model folder (CORRESPOND_MODELS)."""
    card = {"id": model_id, "title": "Small", "method": method, "version": "1", "network": {"name": method, **SMALL[method]}}
    return save_model(network, {**card, "input": {"size_xyz": SIZES[method], "window_hu": None}, **entries}, ModelStore())


def small_network(method: str) -> nn.Module:
    torch.manual_seed(1)
    return NETWORKS[method](**SMALL[method])


def shifting_network(method: str, shift_mm: np.ndarray, lattice: Lattice) -> nn.Module:
    """A network whose field is one translation on a lattice, whatever the images are."""
    network = small_network(method)
    voxels = torch.as_tensor(shift_mm / np.array(lattice.spacing_mm), dtype=torch.float32)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.zero_()
        if method == "rrn":  # refined at a quarter of the size, then upsampled
            network.refiner.head.bias.copy_(voxels / 4)
        elif method == "virnet":  # two thirds at the coarse level, on whose grid voxels are larger, one third at the fine one
            coarse = torch.tensor([(n // 2 - 1) / (n - 1) for n in lattice.size])
            network.network(2).head.bias.copy_(voxels * coarse * 2 / 3)
            network.network(1).head.bias.copy_(voxels / 3)
        else:
            network.head.bias.copy_(voxels)
    return network


def shifted_pair(fixed_grid: sitk.Image, moving_grid: sitk.Image, shift_mm: np.ndarray) -> tuple[sitk.Image, ...]:
    """Fixed and moving CT and masks of lungs that moved by a translation; the moving mask is a little smaller."""
    images = []
    for grid, shift, scale in ((fixed_grid, np.zeros(3), 1.0), (moving_grid, shift_mm, 1.04)):
        points = voxel_points(grid) - shift
        hu = np.where(lung_shape(points), texture(points), 20.0).astype(np.float32)
        images += [from_array(hu, grid), from_array(lung_shape(points * scale).astype(np.uint8), grid)]
    return images[0], images[2], images[1], images[3]


def lattice_of(pair: tuple[sitk.Image, ...], method: str, start_mm: np.ndarray) -> Lattice:
    return network_lattice(pair[2], pair[3], translation(start_mm), SIZES[method])
