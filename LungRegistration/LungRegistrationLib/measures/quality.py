"""The plain question after every registration: can this result be used, or must somebody look at it first?"""

from __future__ import annotations

LIMITS = {
    "folding_percent": 0.0,  # any folding is wrong: lungs do not turn inside out
    "volume_error_percent": 5.0,
    "expected_error_mm": 3.0,
    "expected_error_percent_of_lung": 10.0,
    "tre_mean_mm": 3.0,
    "keypoint_tre_mean_mm": 3.0,
    "lung_dice": 0.95,
    "inverse_error_p95_mm": 0.5,
    "jacobian_p1": 0.15,
    "jacobian_p99": 4.0,
}


def check_result(report: dict) -> dict:
    """Look through an evaluation (see report.py) for signs of failure.

    Returns {needed: bool, reasons: [one sentence each]}. No reason means that no sign was found, not that the result is right.
    """
    reasons = [reason for check in (_lungs, _field, _volumes, _errors) for reason in check(report)]
    return {"needed": bool(reasons), "reasons": reasons}


def _lungs(report: dict) -> list[str]:
    if report["folding_percent"]["lung"] is None:
        return ["No lungs were found or given, so nothing could be checked inside of them."]
    return []


def _field(report: dict) -> list[str]:
    reasons = []
    lung, everywhere = report["folding_percent"]["lung"], report["folding_percent"]["everywhere"]
    if lung is not None and lung > LIMITS["folding_percent"]:
        reasons.append(f"The field folds in {lung:.3g} % of the lung (det J <= 0).")
    elif everywhere > LIMITS["folding_percent"]:
        reasons.append(f"The field folds in {everywhere:.3g} % of the image, outside of the lung (det J <= 0).")
    jacobian = report["jacobian"].get("lung")
    if jacobian and (jacobian["p1"] < LIMITS["jacobian_p1"] or jacobian["p99"] > LIMITS["jacobian_p99"]):
        reasons.append(
            f"Volume changes in the lung are extreme (1 % of it below {jacobian['p1']:.2f}, 1 % above {jacobian['p99']:.2f})."
        )
    inverse = report.get("inverse_error_mm")
    if inverse and inverse["p95"] > LIMITS["inverse_error_p95_mm"]:
        reasons.append(f"The inverse field misses by {inverse['p95']:.2f} mm (95th percentile).")
    return reasons


def _volumes(report: dict) -> list[str]:
    reasons = []
    for name, balance in (report.get("volume_balance") or {}).items():
        if abs(balance["error_percent"]) > LIMITS["volume_error_percent"]:
            reasons.append(
                f"The field gives the {name} {balance['mapped_ml']:.0f} ml in the moving image, where it has "
                f"{balance['moving_ml']:.0f} ml ({balance['error_percent']:+.0f} %)."
            )
    overlap = (report.get("overlap") or {}).get("lung")
    if overlap and overlap["after"]["dice"] < LIMITS["lung_dice"]:
        reasons.append(f"The lung masks overlap by a Dice of only {overlap['after']['dice']:.2f} after registration.")
    return reasons


def _errors(report: dict) -> list[str]:
    reasons = []
    local = report.get("expected_error_mm")
    if local and local["percent_above_limit"] > LIMITS["expected_error_percent_of_lung"]:
        reasons.append(
            f"In {local['percent_above_limit']:.0f} % of the lung the images still differ by what looks like an error above "
            f"{local['limit_mm']:.0f} mm."
        )
    for key, what in (("tre_mm", "landmarks"), ("keypoint_tre_mm", "automatic keypoints that were left out of the fit")):
        tre = report.get(key)
        if not tre:
            continue
        before, after = tre["before"]["mean"], tre["after"]["mean"]
        if after > before:
            reasons.append(f"The {what} lie farther apart after registration ({after:.1f} mm) than before ({before:.1f} mm).")
        elif after > LIMITS["tre_mean_mm" if key == "tre_mm" else "keypoint_tre_mean_mm"]:
            reasons.append(f"The {what} still lie {after:.1f} mm apart on average.")
    return reasons
