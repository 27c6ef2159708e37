"""Settings of the registration with a network. No torch here: the command line and the panel read them too."""

from __future__ import annotations

from dataclasses import dataclass

from CorrespondCoreLib.errors import InputError

NETWORK_METHODS = ("rrn", "virnet", "voxelmorph")
UNTRAINED = "untrained"
OPTIMIZATIONS = ("none", "field", "weights")
SIZES_XYZ = {"rrn": (256, 256, 256), "virnet": (192, 160, 192), "voxelmorph": (192, 160, 192)}  # the papers'
WINDOWS_HU = {
    "rrn": (-1000.0, -100.0),  # He et al. 2021, section 3.1; its original code has (-944, -124)
    "virnet": None,  # Hering et al. 2021: HU as they are
    "voxelmorph": (-1000.0, -100.0),  # as RRN, whose baseline it is
}
PREALIGNMENTS = {  # of the lungs, before the network
    "rrn": "translation",  # He et al. 2021 have none
    "virnet": "affine",  # Hering et al. 2021, section 4.2
    "voxelmorph": "affine",  # there too, "for all methods"
}


@dataclass(frozen=True)
class NetworkSettings:
    """Which weights, at which size, and whether the result is fitted to the pair afterwards.

    Attributes:
        model: id of the model, or its folder; None takes the only one that is installed for the method; "untrained" starts from
            the identity (field) or from random weights (weights) and needs an instance optimization.
        size_xyz: voxels along x, y, z; None takes what the model was trained at, or the paper's size.
        instance_optimization: none; field: a control grid that is added to the network's field; weights: the network's weights
            on this pair, as He et al. 2021 fit theirs to the pairs that they test on. Both minimize the network's own objective.
        steps: of Adam.
        learning_rate: None takes 0.2 (mm) for the field and what the papers trained with for weights.
        control_spacing_mm: of the control grid of "field".
    """

    model: str | None = None
    size_xyz: tuple[int, int, int] | None = None
    instance_optimization: str = "none"
    steps: int = 100
    learning_rate: float | None = None
    control_spacing_mm: float = 8.0

    def __post_init__(self) -> None:
        if self.size_xyz is not None:
            object.__setattr__(self, "size_xyz", tuple(int(n) for n in self.size_xyz))
            if len(self.size_xyz) != 3 or min(self.size_xyz) < 2:
                raise InputError(f"Setting size_xyz: three numbers of voxels are needed, not {list(self.size_xyz)}.")
        if self.instance_optimization not in OPTIMIZATIONS:
            raise InputError(
                f"Setting instance_optimization: {self.instance_optimization!r} is unknown; choose one of "
                f"{', '.join(OPTIMIZATIONS)}."
            )
        if isinstance(self.steps, bool) or not isinstance(self.steps, int) or self.steps < 1:
            raise InputError(f"Setting steps must be a whole number from 1 on, not {self.steps}.")
        if self.learning_rate is not None and not self.learning_rate > 0:
            raise InputError(f"Setting learning_rate must be above 0, not {self.learning_rate}.")
        if not self.control_spacing_mm > 0:
            raise InputError(f"Setting control_spacing_mm must be above 0, not {self.control_spacing_mm}.")
        if self.model == UNTRAINED and self.instance_optimization == "none":
            raise InputError(
                "Untrained weights say nothing about a pair: choose the instance optimization field or weights, or a model."
            )
