"""The attention map of a frame as files, by the command line."""

import numpy as np
import pytest
import SimpleITK as sitk
import torch

from CorrespondCoreLib.checkpoints import save_model
from CorrespondCoreLib.cli import run as run_command
from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.models import ModelStore
from CorrespondCoreLib.progress import Progress
from TAVIFusionLib.networks.dru_net import DeepResidualUNet
from Testing.TAVIFusion.frame_examples import band


@pytest.fixture
def model(tmp_path):
    torch.manual_seed(0)
    network = DeepResidualUNet(2)
    with torch.no_grad():
        network.head.bias.fill_(3.0)  # all is vessel
    card = {"id": "tiny", "title": "Tiny", "method": "dru_net", "version": "1", "field_of_view": "upper"}
    settings = {"network": {"name": "dru_net", "base": 2}, "input": {"size": 64}}
    return save_model(network, {**card, **settings}, ModelStore(user_folder=tmp_path / "models")).folder


def test_the_map_lies_on_the_frames_pixels(model, tmp_path):
    frames = np.stack([band(k, 80)[0] for k in range(3)])
    sitk.WriteImage(sitk.GetImageFromArray(frames), str(tmp_path / "run.nrrd"))
    arguments = ["tavi", "attention", str(tmp_path / "run.nrrd"), "--model", str(model), "--output", str(tmp_path / "out")]
    result = run_command([*arguments, "--frame", "2", "--device", "cpu"], Progress())
    written = sitk.ReadImage(result["files"][0])
    values = sitk.GetArrayFromImage(written)
    assert values.shape == (1, 80, 80) and values.min() >= 0 and values.max() <= 1 and values.max() in (0, pytest.approx(1))
    assert sitk.GetArrayFromImage(sitk.ReadImage(result["files"][1])).shape == (80, 80, 3)
    assert (result["model"], result["field_of_view"], result["layer"]) == ("tiny", "upper", "bridge")
    for wrong, words in (
        (["--frame", "3"], "no frame 3"),
        (["--layer", "x"], "no layer"),
        (["--method", "vesselness"], "network"),
    ):
        with pytest.raises(InputError, match=words):
            run_command([*arguments, "--device", "cpu", *wrong], Progress())
