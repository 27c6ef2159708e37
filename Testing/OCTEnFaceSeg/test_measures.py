"""Figures of masks whose size, shape and place are known."""

import numpy as np
import pytest

from CorrespondCoreLib.errors import InputError
from OCTEnFaceSegLib.measures.agreement import against_graders, agreement
from OCTEnFaceSegLib.measures.etdrs import etdrs_areas
from OCTEnFaceSegLib.measures.fovea import Fovea, find_fovea, find_ilm
from OCTEnFaceSegLib.measures.lesion import area_mm2, circularity, foci, perimeter_mm, sampling_sd_mm2
from OCTEnFaceSegLib.measures.table import UNCONFIRMED, measure, measure_rows
from Testing.OCTEnFaceSeg.enface_examples import SPACING, disc, layered, scan_of

SHAPE = (49, 512)
MIDDLE = (24.0, 255.5)


def test_a_circle_has_the_area_and_perimeter_of_a_circle():
    mask = disc(SHAPE, MIDDLE, 1.2)
    assert area_mm2(mask, SPACING) == pytest.approx(np.pi * 1.44, rel=0.01)
    assert perimeter_mm(mask, SPACING) == pytest.approx(2 * np.pi * 1.2, rel=0.03)
    assert circularity(area_mm2(mask, SPACING), perimeter_mm(mask, SPACING)) > 0.93


def test_the_error_of_an_area_by_where_the_b_scans_lie_is_foretold():
    rng = np.random.default_rng(0)
    for spacing_mm in (0.123, 0.246):
        shape, spacing = (round(6 / spacing_mm), 512), (SPACING[0], SPACING[1], spacing_mm)
        b, a = np.indices(shape)
        errors, foretold = [], []
        for _ in range(60):
            middle, radii = rng.uniform(2.5, 3.5, 2), rng.uniform(0.5, 2.0, 2)
            mask = ((b * spacing_mm - middle[0]) / radii[0]) ** 2 + ((a * SPACING[0] - middle[1]) / radii[1]) ** 2 < 1
            errors.append(area_mm2(mask, spacing) - np.pi * radii[0] * radii[1])
            foretold.append(sampling_sd_mm2(mask, spacing))
        assert 1 < np.sqrt(np.mean(np.square(foretold)) / np.mean(np.square(errors))) < 2.5
    assert sampling_sd_mm2(np.zeros(SHAPE, bool), SPACING) == 0


def test_a_rectangle_has_the_perimeter_of_a_rectangle_and_is_less_circular():
    mask = np.zeros(SHAPE, bool)
    mask[10:30, 100:400] = True  # 2.46 mm x 3.474 mm
    assert perimeter_mm(mask, SPACING) == pytest.approx(2 * (20 * 0.123 + 300 * 0.01158), rel=0.04)
    assert circularity(area_mm2(mask, SPACING), perimeter_mm(mask, SPACING)) < 0.88


def test_one_pixel_and_none_are_measured_without_a_fault():
    mask = np.zeros(SHAPE, bool)
    assert perimeter_mm(mask, SPACING) == 0
    assert foci(mask, SPACING) == []
    mask[5, 9] = True
    (focus,) = foci(mask, SPACING)
    assert focus.area_mm2 == pytest.approx(0.01158 * 0.123)
    assert focus.center == (5, 9)


def test_foci_come_by_size_with_their_distance_from_the_fovea():
    mask = disc(SHAPE, (24, 100), 0.3) | disc(SHAPE, (24, 400), 0.6)
    large, small = foci(mask, SPACING, (24.0, 250.0))
    assert large.center == pytest.approx((24, 400))
    assert large.area_mm2 + small.area_mm2 == pytest.approx(area_mm2(mask, SPACING))
    assert large.distance_mm == pytest.approx(150 * 0.01158 - 0.6, abs=0.012)
    assert small.distance_mm == pytest.approx(150 * 0.01158 - 0.3, abs=0.012)


def test_pixels_that_touch_by_a_corner_are_one_lesion():
    mask = np.zeros(SHAPE, bool)
    mask[5, 9] = mask[6, 10] = True
    assert len(foci(mask, SPACING)) == 1


def pit(shape=SHAPE, center=(30.0, 300.0), depth_mm=0.12):
    """Thickness of a retina with a foveal pit."""
    b, a = np.indices(shape)
    distance = np.hypot((a - center[1]) * SPACING[0], (b - center[0]) * SPACING[2])
    return 0.27 + 0.06 * np.exp(-(((distance - 0.9) / 0.7) ** 2)) - depth_mm * np.exp(-((distance / 0.35) ** 2))


def test_the_fovea_is_the_pit():
    bruch = np.full(SHAPE, 200.0)
    fovea = find_fovea(bruch - pit() / SPACING[1], bruch, SPACING)
    assert fovea.source == "found"
    assert np.hypot((fovea.a_scan - 300) * SPACING[0], (fovea.b_scan - 30) * SPACING[2]) < 0.13
    assert fovea.pit_mm > 0.1


def test_a_retina_without_a_pit_has_no_fovea():
    bruch = np.full(SHAPE, 200.0)
    thickness = 0.27 + np.random.default_rng(0).normal(0, 0.004, SHAPE)
    assert find_fovea(bruch - thickness / SPACING[1], bruch, SPACING) is None


def test_the_inner_limiting_membrane_is_where_the_signal_begins():
    volume, bruch = layered()
    ilm = find_ilm(volume, bruch, SPACING)
    assert np.abs(ilm - (bruch - 0.22 / SPACING[1])).mean() < 3


@pytest.mark.parametrize(("eye", "nasal_is_left"), [("R", True), ("L", False)])
def test_nasal_is_towards_the_nose(eye, nasal_is_left):
    mask = disc(SHAPE, (24, 255 + 86), 0.2)  # 1 mm to the patient's left of the fovea
    areas = {(f["ring"], f["quadrant"]): f["area_mm2"] for f in etdrs_areas(mask, MIDDLE, SPACING, eye)}
    assert areas["inner", "nasal" if nasal_is_left else "temporal"] == pytest.approx(area_mm2(mask, SPACING))
    assert sum(areas.values()) == pytest.approx(area_mm2(mask, SPACING))


def test_superior_is_up_also_in_scans_from_the_top_down():
    mask = disc(SHAPE, (24 + 8, 255.5), 0.2)
    for upward, name in ((True, "superior"), (False, "inferior")):
        areas = {(f["ring"], f["quadrant"]): f["area_mm2"] for f in etdrs_areas(mask, MIDDLE, SPACING, "R", upward)}
        assert areas["inner", name] == pytest.approx(area_mm2(mask, SPACING))


def test_the_whole_grid_has_its_area_where_it_was_scanned():
    fields = etdrs_areas(np.ones(SHAPE, bool), MIDDLE, SPACING)
    assert {f["quadrant"] for f in fields} == {"all", "superior", "inferior", "patient left", "patient right"}
    assert sum(f["area_mm2"] for f in fields if f["ring"] != "outer") == pytest.approx(np.pi * 1.5**2, rel=0.02)
    assert all(f["scanned_percent"] > 96 for f in fields if f["ring"] != "outer")
    assert fields[-1]["scanned_percent"] < 100  # the scan is 5.9 mm wide


def test_agreement_counts_pixels():
    a, b = disc(SHAPE, (24, 200), 0.6), disc(SHAPE, (24, 230), 0.6)
    values = agreement(a, b, SPACING)
    both = values["true_positive_mm2"]
    assert values["dice"] == pytest.approx(2 * both / (values["area_mm2"] + values["reference_mm2"]))
    assert both + values["false_positive_mm2"] == pytest.approx(values["area_mm2"])
    assert both + values["false_negative_mm2"] == pytest.approx(values["reference_mm2"])
    graders = against_graders(a, {"one": a, "two": b}, SPACING)
    assert graders["graders"]["one"]["dice"] == 1
    assert graders["between_graders"]["one and two"]["dice"] == pytest.approx(values["dice"])


def test_two_empty_masks_agree():
    empty = np.zeros(SHAPE, bool)
    assert agreement(empty, empty, SPACING)["dice"] == 1
    assert agreement(empty, ~empty, SPACING)["dice"] == 0


def test_a_mask_of_another_scan_is_refused():
    with pytest.raises(InputError, match="512 x 49 and 512 x 25"):
        agreement(np.ones(SHAPE, bool), np.ones((25, 512), bool), SPACING)


def test_the_table_has_every_figure_once():
    mask = disc((24, 128), (12, 64), 0.3)
    scan = scan_of(layered()[0], eye="L")
    measures = measure(scan, mask, np.where(mask, 0.2, 0.1), Fovea(12, 30, "given"))
    assert measures["scale"] == "mm"
    assert measures["area_mm2"] == pytest.approx(area_mm2(mask, SPACING))
    assert measures["mean_uncertainty"]["lesion"] == pytest.approx(0.2)
    assert measures["distance_to_fovea_mm"] == pytest.approx(34 * SPACING[0] - 0.3, abs=0.012)
    assert measures["fovea_involved"] is False
    rows = measure_rows(measures)
    assert len({row[:2] for row in rows}) == len(rows)
    assert ("area_mm2", "all", measures["area_mm2"], "mm2") in rows


def test_an_empty_mask_has_area_zero_and_no_distance():
    measures = measure(scan_of(layered()[0]), np.zeros((24, 128), bool))
    assert measures["area_mm2"] == measures["foci_count"] == 0
    assert measures["distance_to_fovea_mm"] is None


def test_every_figure_of_a_scan_without_scale_is_marked():
    scan = scan_of(layered()[0], metric=False)
    measures = measure(scan, disc((24, 128), (12, 64), 0.3), None, Fovea(12, 30, "given"))
    assert measures["scale"] == UNCONFIRMED
    for name, _, _, unit in measure_rows(measures):
        assert (UNCONFIRMED in unit) == name.endswith(("_mm", "_mm2"))
