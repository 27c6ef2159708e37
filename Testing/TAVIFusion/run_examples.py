"""A small cine of a bent tube in cone-beam geometry, with everything that is true of it."""

import json
from dataclasses import dataclass

import numpy as np

from CorrespondCoreLib import cli
from CorrespondCoreLib.progress import Progress
from TAVIFusionLib.carm import CArm
from TAVIFusionLib.fluoroscopy import FluoroscopyRun
from TAVIFusionLib.meshes import Mesh
from TAVIFusionLib.pose import Pose
from TAVIFusionLib.silhouette import silhouette

SIZE = 128
SPACING_MM = 1.4
WRONG = Pose((0.0, 0.0, 0.0), (5.0, 0.0, -4.0), (1.0, 2.0, 3.0))
"""Where the tube lies in truth, in the plane of the image at 0/0 nearly."""


def tube(radius_mm=11.0, around=20, along=40):
    """A closed tube along a bent, twisted line about the isocenter: (2 + 20 * 40) points."""
    t = np.linspace(-1, 1, along)
    line = np.column_stack([28 * np.sin(1.7 * t), 14 * np.cos(2.2 * t), 42 * t])
    ahead = np.gradient(line, axis=0)
    ahead /= np.linalg.norm(ahead, axis=1, keepdims=True)
    side = np.cross(ahead, [0, 1.0, 0])
    side /= np.linalg.norm(side, axis=1, keepdims=True)
    up = np.cross(ahead, side)
    angle = np.linspace(0, 2 * np.pi, around, endpoint=False)
    wide = radius_mm * (1 + 0.35 * np.exp(-(((t + 0.6) / 0.15) ** 2)))  # a bulge, so that sliding is seen
    rings = line[:, None] + wide[:, None, None] * (
        np.cos(angle)[None, :, None] * side[:, None] + np.sin(angle)[None, :, None] * up[:, None]
    )
    points = np.vstack([rings.reshape(-1, 3), line[[0, -1]]])
    triangles = []
    for ring in range(along - 1):
        for k in range(around):
            a, b = ring * around + k, ring * around + (k + 1) % around
            triangles += [(a, b, a + around), (b, b + around, a + around)]
    ends = ((0, along * around), ((along - 1) * around, along * around + 1))
    for start, middle in ends:
        triangles += [(start + k, start + (k + 1) % around, middle) for k in range(around)]
    return Mesh(points, np.array(triangles))


def carm(primary_deg=10.0, secondary_deg=0.0):
    """Sees the whole tube on 128 x 128 pixels."""
    return CArm(primary_deg, secondary_deg, 1000.0, 700.0, (SPACING_MM, SPACING_MM), (SIZE, SIZE))


@dataclass
class Cine:
    """A run with its truth: poses and masks of every frame."""

    run: FluoroscopyRun
    poses: list[Pose]
    masks: np.ndarray


def cine(mesh, arm, frames=4, rate=7.5, base=None, amplitude_mm=4.0):
    """The tube beats by some mm along the body's axis and to the left; it is dark on noise and a slope of gray."""
    rng = np.random.default_rng(3)
    rows, columns = np.mgrid[:SIZE, :SIZE]
    base = base or Pose()
    poses, masks, pictures = [], [], []
    for n in range(frames):
        beat = amplitude_mm * np.sin(2 * np.pi * n / 7.5)
        shift = tuple(np.add(base.translation_mm, (0.4 * beat, 0.0, beat)).tolist())
        poses.append(Pose(base.rotation_deg, shift, base.pivot_mm))
        masks.append(silhouette(mesh, arm, poses[-1]))
        picture = 2600 + 3 * columns + 2 * rows - 1100 * masks[-1] + rng.normal(0, 40, (SIZE, SIZE))
        pictures.append(picture.clip(0, 4095).astype("uint16"))
    run = FluoroscopyRun(np.stack(pictures), [arm] * frames, np.arange(frames) / rate)
    return Cine(run, poses, np.stack(masks))


def tavi(*arguments, progress=None):
    """What a command of the library returns."""
    return cli.run(["tavi", *map(str, arguments)], progress or Progress())


def listed(results, folder):
    """The files of a folder, which are those that the results name."""
    files = sorted(str(path) for path in folder.rglob("*") if path.is_file())
    assert sorted(results["files"]) == files
    return [path[len(str(folder)) + 1 :].replace("\\", "/") for path in files]


def report_of(folder):
    """report.json in a folder."""
    return json.loads((folder / "report.json").read_text(encoding="utf-8"))
