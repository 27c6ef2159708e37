"""The protocols: which pairs, how the downloads lie, what is known of them beforehand."""

from __future__ import annotations

from dataclasses import dataclass, field

from CorrespondCoreLib.errors import InputError

from .published import COPD, COPD_FULL_SETS_MM, FOUR_D_CT, Published


@dataclass(frozen=True)
class Protocol:
    """A reference data set and what papers report on it.

    Attributes:
        cases: names, in the order of the papers' tables.
        stem: what stands before the number in a case's name.
        layout: how the files must lie in the folder.
        landmarks: of each case; 0 where the organizers keep them.
        initial_tre_mm: mean distance of the landmarks before registration, by case: what a correct reader must give.
        full_sets_mm: the same for the full point sets, from which the landmarks were drawn, where a paper prints it.
        published: rows of the papers' tables.
    """

    name: str
    title: str
    cases: tuple[str, ...]
    stem: str
    layout: str
    landmarks: int = 0
    initial_tre_mm: dict[str, float] = field(default_factory=dict)
    full_sets_mm: dict[str, float] = field(default_factory=dict)
    published: tuple[Published, ...] = ()

    def chosen(self, wanted: list[str] | None) -> tuple[str, ...]:
        """Case names for what the user wrote (names or numbers), in the order of the table; all without a wish.

        Raises:
            InputError: there is no such case.
        """
        if not wanted:
            return self.cases
        names = {f"{self.stem}{text}" if text.isdigit() and self.stem else text.zfill(len(self.cases[0])) for text in wanted}
        unknown = sorted(names - set(self.cases))
        if unknown:
            raise InputError(f"{self.title} has no case {', '.join(unknown)}: choose from {self.cases[0]} to {self.cases[-1]}.")
        return tuple(name for name in self.cases if name in names)


_COPD_CASES = tuple(f"copd{n}" for n in range(1, 11))
_COPD_INITIAL_MM = (26.33, 21.77, 12.64, 29.58, 30.07, 28.45, 21.60, 26.46, 14.86, 21.81)
_FOUR_D_CT_CASES = tuple(f"4dct{n}" for n in range(1, 11))
_FOUR_D_CT_INITIAL_MM = (3.89, 4.34, 6.94, 9.83, 7.48, 10.89, 11.03, 14.99, 7.92, 7.30)

PROTOCOLS = {
    protocol.name: protocol
    for protocol in (
        Protocol(
            "dirlab-copd",
            "DIR-Lab COPDgene",
            _COPD_CASES,
            "copd",
            "per case, in any subfolder: copd1_iBHCT.img, copd1_eBHCT.img, copd1_300_iBH_xyz_r1.txt, copd1_300_eBH_xyz_r1.txt",
            300,
            dict(zip(_COPD_CASES, _COPD_INITIAL_MM, strict=True)),
            dict(zip(_COPD_CASES, COPD_FULL_SETS_MM, strict=True)),
            COPD,
        ),
        Protocol(
            "dirlab-4dct",
            "DIR-Lab 4DCT",
            _FOUR_D_CT_CASES,
            "4dct",
            "per case, in any subfolder: case1_T00_s.img, case1_T50_s.img, case1_300_T00_xyz.txt, case1_300_T50_xyz.txt (cases 6 "
            "to 10: case6_T00.img, case6_T50.img, case6_dirLab300_T00_xyz.txt, case6_dirLab300_T50_xyz.txt)",
            300,
            dict(zip(_FOUR_D_CT_CASES, _FOUR_D_CT_INITIAL_MM, strict=True)),
            {},
            FOUR_D_CT,
        ),
        Protocol(
            "empire10",
            "EMPIRE10",
            tuple(f"{n:02d}" for n in range(1, 31)),
            "",
            "scans/01_Fixed.mhd, scans/01_Moving.mhd, lungMasks/01_Fixed.mhd, lungMasks/01_Moving.mhd, each with its .raw, ...",
        ),
    )
}
