"""report.html: the report on one page that needs no other file and no network."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from CorrespondCoreLib.charts import AFTER, BEFORE
from CorrespondCoreLib.pictures import DIVERGING
from CorrespondCoreLib.progress import about_text, duration_text
from CorrespondCoreLib.report_page import banner, made, number, page, picture_row, plain_table, tiles

from ..learned.run_time import FIT, PREDICTION
from .charts import before_after_chart, course_chart, cumulative_chart, histogram_chart
from .page_pictures import PictureRow

KEYPOINTS = "#c2703d"


def report_page(report: dict, rows: Sequence[PictureRow], jacobian_window: tuple[float, float]) -> str:
    """The page as HTML text.

    Args:
        report: contents of report.json.
        rows: from `report_pictures`.
        jacobian_window: colors of the histogram, from `report_pictures.jacobian_window`.
    """
    facts = [
        f"method {report['method']}",
        f"preset {report['preset']}" if report["preset"] else "",
        f"model {report['model']}" if report["model"] else "no trained model",
        f"Correspond {report['versions']['correspond']}",
        report["created"].replace("T", " ").replace("+00:00", " UTC"),
    ]
    parts = [
        banner(report["check_result"], report["warnings"]),
        tiles(_tiles(report)),
        *(picture_row(row.plane.capitalize(), row.pictures) for row in rows),
        _charts(report, jacobian_window),
        _regions(report),
        _landmark_table(report),
        made(_made(report)),
    ]
    return page("Lung registration", facts, report["statement"], parts)


def _tiles(report: dict) -> list[tuple[str, str, str]]:
    tre, keypoints, balance = report["tre_mm"], report["keypoint_tre_mm"], (report["volume_balance"] or {}).get("lung")
    expected, folding, jacobian = report.get("expected_error_mm"), report["folding_percent"], report["jacobian"].get("lung")
    entries = []
    if tre:
        count = tre["after"]["count"]
        kind = "landmarks, used in the fit" if tre["landmarks_used_in_fit"] else "landmarks"
        entries.append(
            (f"{tre['after']['mean']:.2f} mm", f"mean error, {count} {kind}", f"before: {tre['before']['mean']:.1f} mm")
        )
    if keypoints:
        after = keypoints["after"]
        entries.append((f"{after['median']:.2f} mm", f"median error, {after['count']} keypoints not used in the fit", ""))
    if expected:
        below = f"{100 - expected['percent_above_limit']:.0f} % of the lung below {expected['limit_mm']:.0f} mm"
        entries.append((f"{expected['mean']:.1f} mm", "expected error in the lung", below))
    in_lung = folding["lung"] if folding["lung"] is not None else folding["everywhere"]
    entries.append(
        (f"{in_lung:.3g} %", "folding" + (" in the lung" if folding["lung"] is not None else ""), _everywhere(folding))
    )
    if jacobian:
        change = f"{100 * (jacobian['mean'] - 1):+.1f} %"
        hint = f"integral check {balance['error_percent']:+.1f} %" if balance else ""
        entries.append((change, "lung volume, fixed to moving", hint))
    memory = f"{report['peak_memory_gb']:.1f} GB on {report['device']}"
    entries.append((f"{report['seconds']['total']:.0f} s", "from start to result", memory))
    return entries


def _everywhere(folding: dict) -> str:
    return f"in the whole image {folding['everywhere']:.3g} %" if folding["lung"] is not None else ""


def _charts(report: dict, jacobian_window: tuple[float, float]) -> str:
    charts = []
    histogram, tre, keypoints = report["jacobian"].get("histogram"), report["tre_mm"], report["keypoint_tre_mm"]
    if histogram:
        charts.append(("Volume change", histogram_chart(histogram["edges"], histogram["counts"], DIVERGING, jacobian_window)))
    curves = []
    for errors, kind, color in ((tre, "landmarks", AFTER), (keypoints, "keypoints", KEYPOINTS)):
        if errors:
            after = errors["cumulative"]["after"]
            curves.append((f"{kind}, after", after["mm"], after["percent"], color))
    if tre:
        before = tre["cumulative"]["before"]
        curves.append(("landmarks, before", before["mm"], before["percent"], BEFORE))
    if curves:
        largest = max(errors["after"]["p90"] for errors in (tre, keypoints) if errors)
        charts.append(("Cumulative error", cumulative_chart(curves, max(5.0, round(2 * largest)))))
    if tre:
        errors = [[point[key] for point in tre["landmarks"]] for key in ("before", "after")]
        charts.append(("Landmark errors", before_after_chart(*errors)))
    fit = (report.get("network") or {}).get("instance_optimization")
    for key, title, label in (("loss", "Fit: loss", "loss"), ("tre_mm", "Fit: landmark error", "mean error in mm")):
        if fit and fit[key]:
            charts.append((title, course_chart(fit[key], label)))
    figures = "".join(f"<figure><figcaption>{title}</figcaption>{svg}</figure>" for title, svg in charts)
    return f'<section class="charts">{figures}</section>' if charts else ""


def _regions(report: dict) -> str:
    mechanics, function = report.get("mechanics"), report.get("function")
    if not mechanics or not function:
        return ""
    fixed_is = report["direction"]["fixed_is"]
    head = ("Region", "Fixed ml", "Moving ml", "Check", "det J", "ADI", "SRI", "Ventilation", "Gas change")
    prm = ("Normal %", "fSAD %", "Emphysema %")
    overlap = report.get("overlap") or {}
    rows = []
    for name, values in mechanics.items():
        volumes = report["volume_balance"].get(name, {})
        gas, classes = function[name], function[name]["prm_percent"]
        rows.append(
            (
                name,
                number(volumes.get("fixed_ml"), ".0f"),
                number(volumes.get("moving_ml"), ".0f"),
                number(volumes.get("error_percent"), "+.1f", " %"),
                f"{number(values['volume_change']['mean'], '.2f')} ± {number(values['volume_change']['std'], '.2f')}",
                *(number(values[key]["median"], ".2f") for key in ("adi", "sri")),
                *(number(gas[key]["median"], ".2f") for key in ("jacobian_ventilation", "specific_gas_change")),
                *(number(classes[k], ".0f") for k in ("normal", "functional small airways disease", "emphysema")),
                number((overlap.get(name) or {}).get("after", {}).get("dice"), ".3f"),
            )
        )
    note = (
        f"The fixed image is taken as {fixed_is}. Check: sum of det J over the region against its volume in the moving image. "
        "det J, ADI (anisotropy) and SRI (0 slab, 1 rod) of the motion from fixed to moving. Ventilation (from det J) and gas "
        "change (from HU) from expiration to inspiration, as part of the volume or gas at expiration; these, ADI and SRI are "
        "medians. Normal, functional small airways disease and emphysema: parametric response map at -950 / -856 HU. "
        "Dice of the moving region, mapped, with the fixed one."
    )
    return f"<section><h2>Regions</h2>{plain_table((*head, *prm, 'Dice'), rows)}<p class='note'>{escape(note)}</p></section>"


def _landmark_table(report: dict) -> str:
    errors = [("landmarks", report["tre_mm"]), ("keypoints", report["keypoint_tre_mm"])]
    rows = []
    keys = ("count", "mean", "std", "median", "p75", "p90", "max")
    names = (("before", "before"), ("after", "after"), ("after_snapped_to_voxel", "after, snapped to voxels"))
    for kind, entry in errors:
        for key, what in names:
            if entry and key in entry:
                numbers = [number(entry[key][k], ".0f" if k == "count" else ".2f") for k in keys]
                rows.append((f"{kind}, {what}", *numbers))
    for depth in (report["tre_mm"] or {}).get("by_distance_to_pleura", []):
        if depth["count"]:
            upper = f" to {depth['to_mm']:.0f}" if depth["to_mm"] is not None else " and more"
            numbers = [number(depth[k], ".0f" if k == "count" else ".2f") for k in keys]
            rows.append((f"landmarks, after, {depth['from_mm']:.0f}{upper} mm from the pleura", *numbers))
    if not rows:
        return ""
    return f"<section><h2>Registration error in mm</h2>{plain_table(('', *keys), rows)}</section>"


def _made(report: dict) -> list[tuple[str, str]]:
    return [
        *(_network_facts(report["network"], report["seconds"]) if "network" in report else ()),
        ("Scans", _scans(report["inputs"])),
        ("Field", f"{report['direction']['field']}; {_grid(report['field'])}"),
        ("Settings", _settings(report["settings"])),
        ("Weights", f"SHA-256 {report['weights_sha256']}" if report["model"] else "none"),
        ("Time", " · ".join(f"{stage} {seconds:.1f} s" for stage, seconds in report["seconds"].items() if stage != "total")),
        ("Versions", " · ".join(f"{name} {version}" for name, version in report["versions"].items())),
    ]


def _network_facts(network: dict, seconds: dict) -> list[tuple[str, str]]:
    """What ran, what fitted it to the pair, and what its levels reach."""
    fit, levels = network["instance_optimization"], network["levels"]
    name = f"{network['name']}{', experimental' if network['experimental'] else ''}"
    what = f"{name}, {'x'.join(map(str, network['size_xyz']))} voxels"
    if fit:
        what += (
            f"; fit of the {fit['of']} to this pair, {fit['steps']} steps, loss {fit['loss'][0]:.4g} to {min(fit['loss']):.4g}"
        )
    estimated, took = network["estimated"], sum(seconds.get(stage, 0.0) for stage in (PREDICTION, FIT))
    needs = f"before: about {about_text(estimated['seconds'])}, {estimated['memory_gb']:.1f} GB; it took {duration_text(took)}"
    rows = [("Network", what), ("Network's needs", needs)]
    if levels:
        errors = (f", {level['tre_mm']:.2f} mm" if level["tre_mm"] is not None else "" for level in levels)
        texts = (f"{'x'.join(map(str, level['size']))}{error}" for level, error in zip(levels, errors, strict=True))
        rows.append(("Levels", f"size and mean landmark error, coarse to fine: {'; '.join(texts)}"))
    return rows


def _scans(inputs: dict) -> str:
    names = inputs.get("names", {})
    scans = [f"{role} {names.get(role, '')} {_grid(inputs[role])}, mask {inputs[f'{role}_mask']}" for role in ("fixed", "moving")]
    return "; ".join([*scans, f"{inputs['landmarks']} landmarks"])


def _grid(grid: dict) -> str:
    return f"{'x'.join(map(str, grid['size']))} voxels of {'x'.join(f'{s:.3g}' for s in grid['spacing_mm'])} mm"


def _settings(settings: dict | None) -> str:
    return ", ".join(f"{key} {value}" for key, value in settings.items()) if settings else "none"
