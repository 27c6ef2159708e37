"""What others have published on the same pairs: landmark errors in mm, as printed, with where they stand.

He 2021: X. He et al., Recursive Refinement Network for Deformable Lung Registration between Exhale and Inhale CT Scans,
arXiv:2106.07608. Its standard deviations are over the ten cases.
Hering 2021: A. Hering et al., CNN-based lung CT registration with multiple anatomical constraints, Medical Image Analysis
72:102139. Its standard deviations are over the landmarks.
"""

from __future__ import annotations

from dataclasses import dataclass

CITATIONS = (
    "He 2021: X. He et al. Recursive Refinement Network for Deformable Lung Registration between Exhale and Inhale CT Scans. "
    "arXiv:2106.07608, 2021. Standard deviations are over the cases.",
    "Hering 2021: A. Hering et al. CNN-based lung CT registration with multiple anatomical constraints. Medical Image Analysis "
    "72:102139, 2021. Standard deviations are over the landmarks.",
)


@dataclass(frozen=True)
class Published:
    """A row of a paper's table.

    Attributes:
        cases_mm, stds_mm: mean (and standard deviation) of each case, in the order of the protocol; empty where not printed.
        folding, time: as printed.
    """

    method: str
    source: str
    mean_mm: float
    std_mm: float | None = None
    cases_mm: tuple[float, ...] = ()
    stds_mm: tuple[float, ...] = ()
    folding: str = ""
    time: str = ""


def _copd(method: str, table: int, mean: float, std: float | None, *cases: float) -> Published:
    return Published(method, f"He 2021, table {table}", mean, std, cases)


COPD_FULL_SETS_MM = (25.90, 21.77, 12.29, 30.90, 30.90, 28.32, 21.66, 25.57, 14.84, 22.48)
"""Initial errors that He 2021 prints: of DIR-Lab's full point sets, not of the 300 points."""

COPD = (
    _copd("no registration (full point sets)", 1, 23.46, 5.65, *COPD_FULL_SETS_MM),
    _copd("NLR", 1, 1.49, 0.39, 1.33, 2.34, 1.12, 1.54, 1.39, 2.08, 1.10, 1.57, 0.99, 1.42),
    _copd("LMP", 1, 1.38, 0.27, 1.21, 1.97, 1.06, 1.64, 1.46, 1.34, 1.16, 1.54, 0.99, 1.39),
    _copd("SGM3D", 1, 1.48, 0.54, 1.22, 2.48, 1.01, 2.42, 1.93, 1.45, 1.05, 1.16, 0.81, 1.28),
    _copd("MILO", 1, 1.13, 0.24, 0.93, 1.77, 0.99, 1.14, 1.02, 0.99, 1.03, 1.31, 0.86, 1.23),
    _copd("MRF", 1, 1.08, 0.20, 1.00, 1.62, 1.00, 1.08, 0.96, 1.01, 1.05, 1.08, 0.79, 1.18),
    _copd("pTV", 1, 0.96, 0.40, 0.77, 2.22, 0.82, 0.85, 0.77, 0.86, 0.74, 0.81, 0.83, 0.92),
    _copd("VoxelMorph", 2, 7.95, None, 10.16, 10.32, 2.47, 12.40, 10.24, 8.16, 5.72, 5.32, 3.85, 10.88),
    _copd("RRN without cost volume", 2, 1.10, None, 0.84, 1.56, 0.99, 0.92, 0.97, 0.68, 0.85, 0.84, 0.80, 2.53),
    _copd("RRN", 1, 0.83, 0.15, 0.80, 1.21, 0.93, 0.84, 0.80, 0.60, 0.76, 0.73, 0.70, 0.88),
)


def _cases(method: str, mean: float, std: float, cases: str, stds: str, folding: str = "", time: str = "") -> Published:
    values, spreads = (tuple(float(v) for v in text.split()) for text in (cases, stds))
    return Published(method, "Hering 2021, table 5", mean, std, values, spreads, folding, time)


def _mean(method: str, mean: float, std: float, folding: str = "", time: str = "") -> Published:
    return Published(method, "Hering 2021, table 4", mean, std, folding=folding, time=time)


FOUR_D_CT = (
    _cases(
        "no registration",
        8.46,
        6.58,
        "3.89 4.34 6.94 9.83 7.48 10.89 11.03 14.99 7.92 7.30",
        "2.78 3.90 4.05 4.85 5.50 6.96 7.42 9.00 3.97 6.34",
    ),
    _mean("Schmidt-Richberg 2011", 1.38, 0.87, time="83 min"),
    _mean("Heinrich 2012", 1.6, 1.7, "0 %", "20 min"),
    _mean("Heinrich 2013", 1.43, 1.3, time="7.97 min"),
    _mean("Berendsen 2014", 1.36, 0.99, "0 %"),
    _mean("Rühaak 2017", 0.94, 1.06, "0 %", "5 min"),
    _mean("Sentker 2018", 2.5, 1.16, time="few seconds"),
    _mean("VoxelMorph, leave one out", 3.65, 2.47),
    _cases(
        "VoxelMorph, trained on COPDGene",
        1.71,
        2.86,
        "1.03 1.09 1.40 1.69 1.63 1.60 1.93 3.16 1.95 1.66",
        "1.01 1.87 2.04 2.60 2.44 2.58 2.8 4.69 2.37 2.87",
    ),
    _cases(
        "DLIR (de Vos 2019)",
        2.64,
        4.32,
        "1.27 1.20 1.48 2.09 1.95 5.16 3.05 6.48 2.10 2.09",
        "1.16 1.12 1.26 1.93 2.10 7.09 3.01 5.37 1.66 2.24",
        time="0.63 s",
    ),
    _mean("Eppenhof 2019, as in table 4", 2.43, 1.81, "0.42 %", "0.56 s"),
    _cases(
        "Eppenhof, as in table 5",
        3.68,
        3.32,
        "2.18 2.06 2.11 3.13 2.92 4.20 4.12 9.43 3.82 2.87",
        "1.05 0.96 1.04 1.60 1.70 2.00 2.97 6.28 1.69 1.96",
    ),
    _cases(
        "mlVIRNet (Hering 2019)",
        2.19,
        1.62,
        "1.33 1.33 1.48 1.85 1.84 3.57 2.61 2.62 2.70 2.63",
        "0.73 0.69 0.94 1.37 1.39 2.15 1.63 1.52 1.46 1.93",
    ),
    _mean("Hansen 2020", 1.97, 1.42),
    _mean("Jiang 2020", 1.66, 1.44, "< 0.1 %", "1.4 s"),
    _cases(
        "LungRegNet (Fu 2020)",
        1.59,
        1.58,
        "0.98 0.98 1.14 1.39 1.43 2.26 1.42 3.13 1.27 1.93",
        "0.54 0.52 0.64 0.99 1.31 2.93 1.16 3.37 0.94 3.06",
        time="1 min",
    ),
    _cases(
        "GraphRegNet (Hansen 2021)",
        1.39,
        1.29,
        "0.86 0.90 1.06 1.45 1.60 1.59 1.74 1.46 1.58 1.71",
        "0.91 0.95 1.10 1.24 1.50 1.06 1.10 1.27 1.07 2.03",
        "0.02 %",
        "2 s",
    ),
    _cases(
        "VIRNet",
        1.14,
        0.76,
        "0.99 0.98 1.11 1.37 1.32 1.15 1.05 1.22 1.11 1.05",
        "0.47 0.46 0.61 1.03 1.36 1.12 0.81 1.44 0.66 0.72",
        "< 0.0005 %",
        "0.75 s",
    ),
)


EMPIRE10_HEAD = ("Method", "Lung boundaries", "Fissures", "Landmarks mm", "Singularities")
EMPIRE10 = (("Rühaak 2017", 0.00, 0.09, 0.63, 0.00), ("VIRNet", 0.07, 0.09, 1.01, 0.02))
"""Means over all 30 pairs, as the organizers measured them (Hering 2021, table 3); VIRNet without ovine pairs: 0.91 mm."""
