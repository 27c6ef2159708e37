"""growth.html: the lesion over the visits of one eye, on one page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import SimpleITK as sitk

from CorrespondCoreLib.charts import AFTER, BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, chart, scale, ticks
from CorrespondCoreLib.pictures import Picture, data_url, gray, outline_of
from CorrespondCoreLib.report_page import banner, made, number, page, picture_row, table, tiles

from ..enface_plane import plane_image
from ..measures.table import UNCONFIRMED
from ..projections import SLABS, projection
from ..results import title_of
from ..visits import Visit
from .pictures import EnfaceView, difference_picture, lesion_color


def growth_page(report: dict, visits: Sequence[Visit], maps: Mapping[int, sitk.Image]) -> str:
    """The page as HTML text.

    Args:
        report: contents of growth.json. visits: in its order. maps: number of the visit (0 is the first) -> difference map.
    """
    mark = f" ({UNCONFIRMED})" if report["scale"] == UNCONFIRMED else ""
    facts = [
        f"{len(visits)} visits",
        f"method {report['method']}" if report["method"] != "external" else "masks were given",
        ", ".join(f"model {model['id']}" for model in report["models"]),
        f"Correspond {report['versions']['correspond']}",
        report["created"].replace("T", " ").replace("+00:00", " UTC"),
    ]
    charts = (
        f"<figure><figcaption>Area</figcaption>{_chart(report, 'area_mm2', f'area in mm²{mark}')}</figure>"
        f"<figure><figcaption>Square root of the area</figcaption>{_chart(report, 'square_root_area_mm', f'mm{mark}')}</figure>"
    )
    parts = [
        banner(report["check_result"], report["warnings"]),
        tiles(_tiles(report, mark)),
        picture_row("Visits", [_visit_picture(visit, n, report["lesion"]) for n, visit in enumerate(visits, 1)]),
        picture_row("Change since the first visit", [_change(visits, n, image) for n, image in maps.items()]),
        f'<section class="charts">{charts}</section>',
        table("Visits", *_visit_table(report, mark)),
        table("Growth", *_growth_table(report, mark), note=_repeatability_note(report, mark)),
        made(_made(report)),
    ]
    return page(f"Growth: {title_of(report['lesion'])}", facts, report["statement"], parts)


def _tiles(report: dict, mark: str) -> list[tuple[str, str, str]]:
    growth, areas = report["growth"], [visit["area_mm2"] for visit in report["visits"]]
    entries = [(f"{areas[-1]:.2f} mm²", f"area at the last visit{mark}", f"first visit: {areas[0]:.2f} mm²")]
    if growth["overall"]:
        rates = growth["overall"]
        span = f"over {rates['to_years'] - rates['from_years']:.2f} years"
        entries.append((f"{rates['mm2_per_year']:+.2f} mm²/year", f"growth of the area{mark}", span))
        entries.append((f"{rates['mm_per_year']:+.3f} mm/year", f"growth of its square root{mark}", span))
    limit = growth["repeatability"]
    if limit:
        entries.append((f"{limit['limit_mm2']:.3f} mm²", f"repeatability limit{mark}", f"of {limit['scans']} scans"))
    return entries


def _visit_picture(visit: Visit, n: int, lesion: str) -> Picture:
    view = EnfaceView(visit.scan)
    picture = gray(_background(visit, view))
    picture[outline_of(view.of_mask(visit.mask))] = lesion_color(lesion)
    return Picture(f"Visit {n}, {visit.years:.2f} years", data_url(picture))


def _background(visit: Visit, view: EnfaceView) -> np.ndarray:
    """A fundus image where there is one, else the scan below the RPE."""
    if visit.scan.fundus:
        return view.of_fundus(next(iter(visit.scan.fundus)))
    volume = sitk.GetArrayViewFromImage(visit.scan.volume)
    return view.of(projection(volume, visit.bruch_depth, SLABS["sub_rpe"], visit.scan.spacing_mm[1]))


def _change(visits: Sequence[Visit], n: int, image: sitk.Image) -> Picture:
    view = EnfaceView(visits[0].scan)
    labels = plane_image(image)
    nearest = sitk.Resample(labels, view.grid, sitk.Transform(2, sitk.sitkIdentity), sitk.sitkNearestNeighbor, 0.0)
    picture = difference_picture(_background(visits[0], view), sitk.GetArrayFromImage(nearest).astype(int))
    return Picture(f"Visit {n + 1}", picture.url, picture.legend)


def _chart(report: dict, key: str, label: str) -> str:
    """Points of the visits and the straight line through them."""
    t, values = (np.array([visit[name] for visit in report["visits"]], float) for name in ("years", key))
    top = max(1.15 * float(values.max()), 1e-3)
    x, y = scale(float(t.min()), float(t.max()), LEFT + 8, WIDTH - RIGHT - 8), scale(0, top, HEIGHT - BOTTOM, TOP)
    parts = []
    if np.ptp(t) > 0:
        slope, start = np.polyfit(t, values, 1)
        ends = " ".join(f"{x(float(at)):.1f},{y(float(np.clip(start + slope * at, 0, top))):.1f}" for at in (t.min(), t.max()))
        parts.append(f'<polyline points="{ends}" fill="none" stroke="{AFTER}" stroke-width="1.6" stroke-dasharray="5 4"/>')
    parts += [
        f'<circle cx="{x(float(a)):.1f}" cy="{y(float(b)):.1f}" r="4" fill="{AFTER}"/>' for a, b in zip(t, values, strict=True)
    ]
    return chart(parts, x, y, ticks(float(t.min()), float(t.max())), ticks(0, top), "years", label)


def _visit_table(report: dict, mark: str) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    head: tuple[str, ...] = (
        "Visit",
        "Years",
        "Date",
        f"Area, mm²{mark}",
        "Foci",
        "Registered by",
        "Correlation",
        f"Shift, mm{mark}",
        "Turn",
    )
    head += tuple(f"{name}, mm²{mark}" for name in ("New", "Stable", "Lost"))
    rows = []
    for n, visit in enumerate(report["visits"], 1):
        r, change = visit["registration"] or {}, visit["change"] or {}
        by = "–" if not r else r["by"] if r["trusted"] else f"{r['by']}: failed"
        shift = ", ".join(f"{mm:+.2f}" for mm in r["shift_mm"]) if r else "–"
        rows.append(
            (
                str(n),
                f"{visit['years']:.2f}",
                visit["visit_date"] or "–",
                f"{visit['area_mm2']:.3f} ± {visit['sampling_sd_mm2']:.3f}",
                str(visit["foci_count"]),
                by,
                number(r.get("correlation"), ".2f"),
                shift,
                number(r.get("turn_deg"), "+.1f", "°"),
                *(number(change.get(f"{name}_mm2"), ".3f") for name in ("new", "stable", "lost")),
            )
        )
    return head, rows


def _growth_table(report: dict, mark: str) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    growth = report["growth"]
    head = ("", "From, years", "To", f"Change, mm²{mark}", f"mm² per year{mark}", f"mm per year{mark}")
    named = [(f"interval {n}", rates) for n, rates in enumerate(growth["intervals"], 1)] + [("all visits", growth["overall"])]
    common = growth["common_field"]
    if common:
        named.append((f"all visits, common field of {common['field_mm2']:.1f} mm²", common["overall"]))
    rows: list[tuple[str, ...]] = [
        (
            name,
            f"{rates['from_years']:.2f}",
            f"{rates['to_years']:.2f}",
            f"{rates['change_mm2']:+.3f}",
            f"{rates['mm2_per_year']:+.3f}",
            f"{rates['mm_per_year']:+.3f}",
        )
        for name, rates in named
        if rates
    ]
    return head, rows


def _repeatability_note(report: dict, mark: str) -> str:
    text = (
        "mm per year: of the square root of the area, which depends less on the lesion's size. All visits: by a straight line. "
        f"By where B-scans happen to lie, two scans of such a lesion differ by up to {_by_sampling(report):.3f} mm²{mark}, 95 "
        "times in 100. "
    )
    limit = report["growth"]["repeatability"]
    if limit is None:
        return text + "Repeatability is not known: no visit was scanned twice. Add a second scan of the same day to learn it."
    return text + (
        f"Repeatability limit {limit['limit_mm2']:.3f} mm²{mark}, from {limit['scans']} scans of {limit['visits']} visits: two "
        "scans of the same lesion differ by less than this 95 times in 100."
    )


def _by_sampling(report: dict) -> float:
    """mm2, 95 % limit of a difference of two areas, at the visit where it is largest."""
    return 1.96 * 2**0.5 * max(visit["sampling_sd_mm2"] for visit in report["visits"])


def _made(report: dict) -> list[tuple[str, str]]:
    first = report["visits"][0]
    spacing = " x ".join(f"{1000 * mm:.2f}" for mm in first["spacing_mm"])
    models = "; ".join(f"{m['id']}: SHA-256 {m['sha256']}, trained on {m['trained_on'] or 'unknown'}" for m in report["models"])
    return [
        (
            "Scans",
            f"the first: {first['source']} {first['device']}, {first['a_scans']} x {first['b_scans']} pixels, {spacing} µm",
        ),
        ("Settings", ", ".join(f"{key} {value}" for key, value in report["settings"].items()) or "none"),
        ("Weights", models or "none"),
        ("Time", " · ".join(f"{key} {value:.1f} s" for key, value in report["seconds"].items() if key != "total")),
        ("Versions", " · ".join(f"{key} {value}" for key, value in report["versions"].items())),
    ]
