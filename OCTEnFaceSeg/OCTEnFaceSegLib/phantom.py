"""Eyes whose layers, atrophy and pseudodrusen are known everywhere, as OCT scans with SLO and FAF: to test, tune and train."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk

from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.progress import Progress

from .phantoms.eye import RIM_MM, Columns, Eye, stream
from .phantoms.fundus import FRAME, SMALLEST_PIXEL_MM, autofluorescence, infrared
from .phantoms.layers import Layers, layers_of
from .phantoms.lesions import LESIONS
from .phantoms.optics import as_scanned, signal_of_bscan
from .phantoms.plane import sample
from .phantoms.population import USUAL, population_of
from .phantoms.styles import STYLES, Style
from .phantoms.visit import Visit
from .scan import LEFT_EYE, RIGHT_EYE, OctScan

SMALLEST = (8, 64, 64)
NAMED_LAYERS = {"ILM": "NFL", "NFL": "GCIPL", "IPL": "INL", "INL": "OPL", "OPL": "ONL", "ELM": "ELM", "EZ": "EZ", "RPE": "RPE"}


@dataclass
class PhantomEye:
    """A scan and the truth about it. Maps have the shape (B-scans, A-scans).

    Attributes:
        scan: volume (uint8), SLO and FAF (uint8) in register; no layers.
        layers: depth in voxels, float32: ILM, lower edges of NFL, IPL, INL and OPL, ELM, EZ (upper edge), RPE (upper edge), BM
            (middle of the membrane); nan where a layer is lost.
        ga, rpd, drusen: true masks; drusen lift the pigment epithelium by more than 25 um.
        ga_area_mm2: of all the atrophy, by its outline rather than by pixels. growth_mm_per_year: of the area's square root, from
            this visit to one `years` later. Both are 0 without atrophy.
        fovea_mm: (x, z) from the scan's middle.
        to_first_visit: 3 x 3, homogeneous (x, z) mm from this scan's middle to mm from the first visit's middle.
    """

    scan: OctScan
    layers: dict[str, np.ndarray]
    ga: np.ndarray
    rpd: np.ndarray
    drusen: np.ndarray
    ga_area_mm2: float
    growth_mm_per_year: float
    fovea_mm: tuple[float, float]
    to_first_visit: np.ndarray


def phantom_eye(
    size: Sequence[int] | None = (49, 496, 512),
    seed: int = 0,
    style: str = "spectralis",
    lesion: str = "ga",
    visit: int = 0,
    years: float = 1.0,
    progress: Progress | None = None,
    population: str = USUAL,
) -> PhantomEye:
    """An OCT scan of a random eye, with SLO and FAF, and with the truth.

    Anatomy, vessels, choroid, lesion, drusen, confounders, fundus, movement and speckle have random numbers of their own: the
    same seed is the same eye with any size, style and lesion. Intensities come from reflectivity, shadows and the light that the
    pigment epithelium lets through; where it is lost, the choroid is bright (hypertransmission) and Bruch's membrane has no edge.
    Eyes of all kinds have thin and pale pigment epithelium, lost ellipsoid zone, bright patches of choroid and dim media, which
    look like atrophy and are none; atrophy has bright plaques and scars, which look like what is lost there.

    Args:
        size: (B-scans, depth, A-scans), at least 8 x 64 x 64; the field stays that of the style. None: the style's usual size.
        seed: non-negative.
        style: "spectralis", "cirrus" or "topcon".
        lesion: "ga", "rpd" or "healthy" (of these two; small drusen may be there).
        visit: 0, 1, ...: the scan `visit * years` after the first, with atrophy that has grown, a small shift and turn, and new
            movement and speckle.
        population: "usual", or "unseen": eyes as no training sees them, see phantoms/population.py.

    Raises:
        InputError: impossible arguments.
    """
    progress = progress or Progress()
    device, shape = _checked(size, seed, style, lesion, visit, years)
    with progress.stage("Eye", until=0.15):
        kind = population_of(population)
        eye = Eye.random(seed, lesion, kind)
        moved = Visit.random(stream(seed, "visit", visit), shape[0], device.motion_um, first=visit == 0)
    spacing = tuple(mm / n for mm, n in zip(device.field_mm, (shape[2], shape[1], shape[0]), strict=True))
    columns = _columns(eye, moved, shape, spacing, visit * years)
    layers = layers_of(columns)
    depth_um = 1000 * spacing[1]
    rng = stream(seed, "speckle", visit, sorted(STYLES).index(style))
    looks, gamma = rng.uniform(*device.looks), rng.uniform(*kind.gamma)
    layers.boundaries_um += _place(layers, columns, moved, device, spacing, rng)
    voxels = np.empty(shape, np.uint8)
    with progress.stage("B-scans", until=0.95) as step:
        for b in range(shape[0]):
            one, bands = _bscan(columns, b), Layers(layers.boundaries_um[:, b], layers.reflectivity[:, b], layers.below[b])
            signal = signal_of_bscan(one, bands, eye.choroid, shape[1], depth_um)
            voxels[b] = as_scanned(signal, (1000 * spacing[0], depth_um), device, looks, gamma, rng)
            step((b + 1) / shape[0])
    volume = sitk.GetImageFromArray(voxels)
    volume.SetSpacing(spacing)
    volume.SetOrigin((-(shape[2] - 1) / 2 * spacing[0], 0.0, -(shape[0] - 1) / 2 * spacing[2]))
    with progress.stage("SLO and FAF", until=1.0):
        fundus = _fundus(eye, moved, device, volume, visit * years, stream(seed, "fundus", visit))
    area, later = (eye.atrophy.area_mm2(t * years) for t in (visit, visit + 1))
    return PhantomEye(
        scan=OctScan(
            volume=volume,
            fundus=fundus,
            eye=LEFT_EYE if eye.anatomy.nasal < 0 else RIGHT_EYE,
            source="phantom",
            device=device.device,
        ),
        layers=_true_layers(layers, columns, depth_um),
        ga=columns.atrophy_mm < 0,
        rpd=columns.spot_mm < 0,
        drusen=np.maximum(columns.drusen_um, columns.calcified_um) * (1 - columns.epithelium_lost) > 25,
        ga_area_mm2=area,
        growth_mm_per_year=(later**0.5 - area**0.5) / years,
        fovea_mm=_fovea(eye, moved),
        to_first_visit=moved.to_eye,
    )


def _checked(
    size: Sequence[int] | None, seed: int, style: str, lesion: str, visit: int, years: float
) -> tuple[Style, tuple[int, int, int]]:
    if style not in STYLES:
        raise InputError(f"The phantom's style is {style!r}; give {', '.join(STYLES)}.")
    if lesion not in LESIONS:
        raise InputError(f"The phantom's lesion is {lesion!r}; give {', '.join(LESIONS)}.")
    shape = STYLES[style].size if size is None else tuple(int(n) for n in size)
    if len(shape) != 3 or any(n < least for n, least in zip(shape, SMALLEST, strict=True)):
        raise InputError(f"The phantom's size is {tuple(shape)}; give (B-scans, depth, A-scans) of at least {SMALLEST}.")
    if seed < 0 or visit < 0 or not 0 < years <= 20:
        raise InputError("The phantom's seed and visit are 0 or more, the years between visits above 0 and at most 20.")
    return STYLES[style], (shape[0], shape[1], shape[2])


def _columns(eye: Eye, moved: Visit, shape: tuple[int, int, int], spacing: Sequence[float], years: float) -> Columns:
    """The eye under all A-scans, with what each B-scan misses its place by."""
    x = (np.arange(shape[2]) - (shape[2] - 1) / 2)[None, :] * spacing[0] + moved.sideways_mm[:, :1]
    z = (np.arange(shape[0]) - (shape[0] - 1) / 2)[:, None] * spacing[2] + moved.sideways_mm[:, 1:]
    return eye.columns(*moved.points_mm(*np.broadcast_arrays(x, z)), years)


def _place(
    layers: Layers, columns: Columns, moved: Visit, device: Style, spacing: Sequence[float], rng: np.random.Generator
) -> np.ndarray:
    """What to add to the boundaries (um): movement of the B-scans, and the place of the retina in the depth that is imaged."""
    across = np.linspace(-0.5, 0.5, columns.x_mm.shape[1]) * device.field_mm[0]
    motion = moved.axial_um[:, None] + moved.axial_slope[:, None] * across
    top, bottom = (layers.top_um("NFL") + motion).min(), (layers.bruch_um + motion + 300).max()
    room = 1000 * device.field_mm[1] - (bottom - top)
    return np.asarray(motion - top + max(room, 0.0) * rng.uniform(0.35, 0.6), np.float32)


def _bscan(columns: Columns, b: int) -> Columns:
    values = {name: value[b] if isinstance(value, np.ndarray) else value for name, value in vars(columns).items()}
    values["thickness_um"] = {name: um[b] for name, um in columns.thickness_um.items()}
    return Columns(**values)


def _true_layers(layers: Layers, columns: Columns, depth_um: float) -> dict[str, np.ndarray]:
    found = {name: layers.top_um(band) / depth_um for name, band in NAMED_LAYERS.items()}
    found["BM"] = layers.bruch_um / depth_um
    for name, rim in (("ELM", RIM_MM), ("EZ", RIM_MM), ("RPE", 0.0)):
        found[name][columns.atrophy_mm < rim] = np.nan
    return {name: np.asarray(depth, np.float32) for name, depth in found.items()}


def _fovea(eye: Eye, moved: Visit) -> tuple[float, float]:
    x, z, _ = np.linalg.solve(moved.to_eye, np.array([*eye.anatomy.fovea_mm, 1.0]))
    return float(x), float(z)


def _fundus(
    eye: Eye, moved: Visit, device: Style, volume: sitk.Image, years: float, rng: np.random.Generator
) -> dict[str, sitk.Image]:
    """SLO and FAF (uint8) of square pixels around the volume's field, one voxel as deep as the volume."""
    dx, dy, _ = volume.GetSpacing()
    pixel = max(dx, SMALLEST_PIXEL_MM)
    columns, rows = (round(FRAME * device.field_mm[axis] / pixel) for axis in (0, 2))
    x = ((np.arange(columns) - (columns - 1) / 2) * pixel)[None, :]
    z = ((np.arange(rows) - (rows - 1) / 2) * pixel)[:, None]
    points = moved.points_mm(*np.broadcast_arrays(x, z))
    seen = eye.columns(*points, years)
    images = {}
    for kind, light in (
        ("SLO", infrared(seen, rng)),
        ("FAF", autofluorescence(seen, sample(eye.lipofuscin, *points), eye.anatomy.fovea_mm, rng)),
    ):
        image = sitk.GetImageFromArray(np.round(255 * light).astype(np.uint8)[:, None, :])
        image.SetSpacing((pixel, dy * volume.GetHeight(), pixel))
        image.SetOrigin((float(x[0, 0]), (volume.GetHeight() - 1) / 2 * dy, float(z[0, 0])))
        images[kind] = image
    return images
