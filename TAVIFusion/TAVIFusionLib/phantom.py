"""Patients whose aorta is known everywhere, as mesh, CT and fluoroscopy with contrast and motion: to test, tune and train."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import SimpleITK as sitk

from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.progress import Progress

from .carm import CArm
from .fluoroscopy import FluoroscopyRun
from .meshes import Mesh
from .phantoms.anatomy import Anatomy, random_anatomy
from .phantoms.bolus import Bolus
from .phantoms.ct import ct_image
from .phantoms.detector import Detector, random_detector
from .phantoms.field import lumen_field
from .phantoms.lumen_mesh import lumen_mesh
from .phantoms.motion import Motion, random_motion
from .phantoms.patient import FIELDS, REACH_MM, Patient, body_of, bones_of, calcium_of, random_patient
from .phantoms.recording import Recording, record
from .phantoms.stream import random_bolus, random_devices
from .pose import Pose
from .silhouette import silhouette

MESH_PITCH_MM, RUN_PITCH_MM = 1.4, 1.0
MOTION_MM = {"upper": (4.0, 8.0), "lower": (0.6, 2.0)}
"""Usual cardiac and respiratory motion in a field of view, end to end."""
FINEST_CT_MM = 0.7


@dataclass
class PhantomRun:
    """A run and the truth about it.

    Attributes:
        run: frames as an XA file holds them (uint8, or uint16 above 8 bits), geometry and times.
        vessel_masks: (frames, rows, columns) bool, what contrast shows inside of the collimator.
        model_masks: (frames, rows, columns) bool, the silhouette of all of the lumen.
        poses: of the arteries, for each frame, against the planning CT.
        cardiac_phase, breath: (frames,) 0..1, see `phantoms.motion.Motion`.
        bolus: what was injected at `injected_s`, None without contrast.
    """

    run: FluoroscopyRun
    vessel_masks: np.ndarray
    model_masks: np.ndarray
    poses: list[Pose]
    cardiac_phase: np.ndarray
    breath: np.ndarray
    bolus: Bolus | None
    injected_s: float


@dataclass(frozen=True)
class TaviPhantom:
    """A patient, LPS mm, the middle of the aortic annulus at the origin.

    Attributes:
        seed: of the patient. family: "train" or "held out".
        anatomy: centerlines, radii and sinuses.
    """

    seed: int
    family: str
    anatomy: Anatomy

    @property
    def landmarks_mm(self) -> dict[str, np.ndarray]:
        """Name -> (3,): nadir L/R/N, ostium L/R, annulus center, junction, arch apex, bifurcation, iliac bifurcation L/R,
        femoral L/R."""
        return self.anatomy.landmarks_mm

    @cached_property
    def mesh(self) -> Mesh:
        """Closed surface of the lumen from the cusps to the groins, about 26,000 triangles."""
        return lumen_mesh(lumen_field(self.anatomy, MESH_PITCH_MM))

    def isocenter_mm(self, field_of_view: str) -> tuple[float, float, float]:
        """Where a C-arm is centered: above the root, or below the bifurcation of the aorta."""
        marks = self.landmarks_mm
        upper = 0.65 * marks["junction"] + 0.35 * marks["arch apex"]
        center = upper if field_of_view == "upper" else marks["bifurcation"] + [0, 0, -40 * self.anatomy.size]
        return tuple(np.round(center, 1).tolist())

    def carm(
        self, primary_deg: float, secondary_deg: float, field_of_view: str = "upper", pixels: int = 512, field_mm: float = 0.0
    ) -> CArm:
        """A C-arm centered on a field of view; `field_mm` is the width of the detector (250, or 320 for the lower field)."""
        width = field_mm or (250.0 if field_of_view == "upper" else 320.0)
        spacing = (width / pixels, width / pixels)
        center = self.isocenter_mm(field_of_view)
        return CArm(primary_deg, secondary_deg, 1100.0, 750.0, spacing, (pixels, pixels), center)

    def ct(self, spacing_mm: float = 1.5, field_of_view: str | None = None, noise_hu: float = 18.0) -> sitk.Image:
        """The planning CT angiogram: HU, int16, at end diastole and expiration.

        Args:
            field_of_view: "upper" or "lower" for that part of the trunk; both by default.

        Raises:
            InputError: voxels below 0.7 mm, or an unknown field of view.
        """
        if spacing_mm < FINEST_CT_MM:
            raise InputError(f"The phantom's CT has voxels of {FINEST_CT_MM} mm or more, not {spacing_mm:g} mm.")
        if field_of_view not in (*FIELDS, None):
            raise InputError(f"The phantom's field of view is {field_of_view!r}; give {' or '.join(map(repr, FIELDS))}.")
        parts = [REACH_MM[name] for name in FIELDS if field_of_view in (name, None)]
        low = np.min([part[0] for part in parts], axis=0) * self.anatomy.size
        high = np.max([part[1] for part in parts], axis=0) * self.anatomy.size
        clouds = [bones_of(self.seed, self.anatomy), calcium_of(self.seed, self.anatomy)]
        rng = np.random.default_rng([self.seed, 5])
        return ct_image(self.anatomy, body_of(self.seed, self.anatomy), clouds, (low, high), spacing_mm, noise_hu, rng)

    def run(
        self,
        carm: CArm,
        frames: int = 30,
        field_of_view: str = "upper",
        cardiac_mm: float | None = None,
        respiratory_mm: float | None = None,
        contrast: bool | Bolus = True,
        dose: float = 1.0,
        seed: int = 0,
        detector: str | Detector | None = None,
        devices: bool = True,
        frames_per_s: float = 15.0,
        injected_s: float = 0.2,
        motion: Motion | None = None,
        progress: Progress | None = None,
    ) -> PhantomRun:
        """A cine run of a still C-arm.

        Args:
            carm: complete geometry; its isocenter is where the arm is centered in the patient.
            cardiac_mm, respiratory_mm: motion of the root, end to end; usual values for the field of view by default.
            contrast: True: an injection drawn by the seed; False: none.
            dose: multiplies the quanta of the detector. seed: of the run (devices, injection, motion, noise).
            detector: "train" or "held out" to draw its settings, or the settings; by default as the family.
            injected_s: time of the injection from the first frame; negative if it began before.
            motion: in place of a drawn one.

        Raises:
            InputError: impossible arguments.
        """
        carm.check()
        if frames < 1 or dose <= 0 or frames_per_s <= 0:
            raise InputError("A phantom run needs at least one frame, and a dose and frames per second above 0.")
        patient = _patient(self.seed, self.family, field_of_view)
        rng = np.random.default_rng([self.seed, 6, seed, field_of_view == "upper"])
        heart, lung = MOTION_MM[field_of_view]
        heart, lung = (heart if cardiac_mm is None else cardiac_mm), (lung if respiratory_mm is None else respiratory_mm)
        drawn_motion, drawn_bolus = random_motion(rng, heart, lung), random_bolus(rng, patient, field_of_view)
        motion = motion or drawn_motion
        bolus = drawn_bolus if contrast is True else contrast or None
        in_the_picture = random_devices(rng, patient, field_of_view) if devices else []
        system = detector if isinstance(detector, Detector) else random_detector(rng, detector or self.family)
        times = np.arange(frames) / frames_per_s
        poses = motion.poses(times)
        recording = Recording(patient, self.seed, carm, motion, bolus, injected_s, in_the_picture, system, dose)
        gray, masks = record(recording, times, poses, rng, progress or Progress())
        return PhantomRun(
            run=FluoroscopyRun(gray, [carm] * frames, times, source="phantom", device="Correspond phantom"),
            vessel_masks=masks,
            model_masks=np.stack([silhouette(self.mesh, carm, pose) for pose in poses]),
            poses=poses,
            cardiac_phase=motion.cardiac_phase(times),
            breath=motion.breath(times),
            bolus=bolus,
            injected_s=injected_s,
        )


def tavi_phantom(seed: int = 0, family: str = "train") -> TaviPhantom:
    """A random patient: the same seed and family are the same patient.

        phantom = tavi_phantom(3)
        cine = phantom.run(phantom.carm(10, -5), frames=20)
        cine.run.frames, cine.vessel_masks, cine.poses

    Args:
        seed: non-negative. family: "train", or "held out" with other shapes (see `phantoms.families`).

    Raises:
        InputError: impossible arguments.
    """
    if seed < 0:
        raise InputError(f"The phantom's seed is 0 or more, not {seed}.")
    return TaviPhantom(seed, family, random_anatomy(seed, family))


@lru_cache(maxsize=2)
def _patient(seed: int, family: str, field_of_view: str) -> Patient:
    return random_patient(seed, family, field_of_view, RUN_PITCH_MM)
