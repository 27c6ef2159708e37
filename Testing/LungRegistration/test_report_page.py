"""Pictures, charts and the page."""

import io
import re
import zlib
from html.parser import HTMLParser

import numpy as np
import pytest
import SimpleITK as sitk

from CorrespondCoreLib.pictures import DIVERGING, color_of, png
from CorrespondCoreLib.progress import Progress
from LungRegistrationLib.measures.evaluation import Pair, evaluate
from LungRegistrationLib.reports import charts, pictures
from LungRegistrationLib.reports.page import report_page
from LungRegistrationLib.reports.page_pictures import jacobian_window, report_pictures
from LungRegistrationLib.reports.report import build_report
from Testing.LungRegistration.fields import affine_field, ball, grid, image_of, points_of, rotation


def test_png_files_are_what_itk_reads(tmp_path):
    rgb = np.random.default_rng(0).integers(0, 256, (37, 53, 3)).astype(np.uint8)
    (tmp_path / "a.png").write_bytes(png(rgb))
    assert np.array_equal(sitk.GetArrayFromImage(sitk.ReadImage(str(tmp_path / "a.png"))), rgb)


def test_one_is_white_and_both_directions_look_alike_in_strength():
    colors = color_of(np.array([0.5, 1.0, 1.5]), DIVERGING, 0.5, 1.5)
    assert colors[1].tolist() == [247, 247, 247]
    assert colors[0][2] > colors[0][0]  # shrinking is blue
    assert colors[2][0] > colors[2][2]  # growing is red


def test_the_window_is_symmetric_about_one():
    low, high = pictures.symmetric_window(np.random.default_rng(0).normal(0.85, 0.1, 10000))
    assert (low + high) / 2 == pytest.approx(1)
    assert low == pytest.approx(0.6)
    assert pictures.symmetric_window(np.array([1.0])) == pytest.approx((0.9, 1.1))


@pytest.mark.parametrize("direction", [np.eye(3), np.diag([-1, 1, -1]), np.eye(3)[[1, 2, 0]]])
def test_pictures_show_the_patient_from_the_front_and_from_the_feet_on_any_grid(direction):
    """A bright spot at the patient's left, front and top is at the upper right of the coronal and of the axial picture."""
    reference = grid(size=(40, 40, 40), spacing=(3, 3, 3), origin=(0, 0, 0), direction=direction.ravel().tolist())
    points = points_of(reference)
    low, high = points.reshape(-1, 3).min(axis=0), points.reshape(-1, 3).max(axis=0)
    spot = low + (high - low) * [0.8, 0.2, 0.8]
    hu = np.where(np.linalg.norm(points - spot, axis=-1) < 8, 100.0, -900.0).astype(np.float32)
    image = image_of(hu, reference)
    for plane, through in (("coronal", 1), ("axial", 2), ("sagittal", 0)):
        (view,) = pictures.views(image, None, (plane,), pixels=100)
        origin = list(view.grid.GetOrigin())
        origin[through] = spot[through]
        view.grid.SetOrigin(origin)
        row, column = np.unravel_index(view.of(image).argmax(), view.of(image).shape)
        assert row < 50
        assert (column > 50) == (plane != "sagittal")  # the sagittal view looks from the patient's left: front is at the left


def test_an_overlay_of_equal_images_is_gray():
    values = np.linspace(-1000, 200, 50).reshape(5, 10)
    picture = pictures.overlay(values, values)
    assert (picture.max(axis=-1) - picture.min(axis=-1) <= 1).all()
    assert pictures.overlay(values, values - 300)[2, 5, 0] > pictures.overlay(values, values - 300)[2, 5, 2]


def test_where_the_other_scan_ends_the_fixed_one_is_shown_darker():
    fixed = np.full((4, 6), 50.0)
    other = fixed.copy()
    other[:, 3:] = np.nan
    picture = pictures.overlay(fixed, other)
    assert (picture.max(axis=-1) == picture.min(axis=-1)).all()
    assert (picture[:, 3:] < picture[:, :3]).all()


def test_the_course_of_a_fit_falls_from_left_to_right_within_the_frame():
    points = re.search(r'polyline points="([^"]*)"', charts.course_chart([-0.1, -0.3, -0.35, -0.4], "loss")).group(1)
    x, y = np.array([pair.split(",") for pair in points.split()], float).T
    assert (np.diff(x) > 0).all() and (np.diff(y) > 0).all()  # SVG counts downwards
    assert x[0] == charts.LEFT and x[-1] == charts.WIDTH - charts.RIGHT
    assert charts.TOP < y[0] < y[-1] < charts.HEIGHT - charts.BOTTOM
    for flat in ([0.5], [2.0, 2.0], [0.0, 0.0]):
        assert "nan" not in charts.course_chart(flat, "loss")


class Checker(HTMLParser):
    """Collects the open tags, the text and everything that a browser would load."""

    VOID = {"meta", "img", "br", "line", "rect", "circle", "polyline", "stop"}

    def __init__(self):
        super().__init__()
        self.open, self.loads, self.text = [], [], io.StringIO()

    def handle_starttag(self, tag, attrs):
        if tag not in self.VOID:
            self.open.append(tag)
        self.loads += [value for name, value in attrs if name in ("src", "href", "data", "srcset")]

    def handle_startendtag(self, tag, attrs):
        self.loads += [value for name, value in attrs if name in ("src", "href")]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] != "style":
            self.text.write(data + " ")


def checked(page: str) -> Checker:
    checker = Checker()
    checker.feed(page)
    assert checker.open == []
    assert all(load.startswith("data:image/png;base64,") for load in checker.loads)
    return checker


@pytest.fixture(scope="module")
def scans():
    reference = grid(size=(48, 44, 40), spacing=(4, 4, 4), origin=(-96, -88, 0))
    rng = np.random.default_rng(1)
    lung = ball(reference, (0, 0, 80), 60)
    inside = sitk.GetArrayFromImage(lung).astype(bool)
    fixed, moving = (np.where(inside, rng.normal(-850, 60, inside.shape), 30).astype(np.int16) for _ in range(2))
    return image_of(fixed, reference), image_of(moving, reference), lung, reference


def report_of(pair, field, **facts):
    evaluation = evaluate(pair, field)
    progress = Progress()
    progress.warning("The <moving> mask has another grid.")
    report = build_report(pair, evaluation, field, progress, method="search", preset="default", settings={"a": [1, 2]}, **facts)
    return report, report_page(report, report_pictures(pair, evaluation, field), jacobian_window(pair, evaluation))


def test_the_page_of_a_full_report_needs_nothing_else(scans):
    fixed, moving, lung, reference = scans
    points = points_of(reference)[8:30:6, 14:30:5, 16:34:6].reshape(-1, 3)
    pair = Pair(fixed, moving, lung, lung, lung, lung, {1: "whole & one"}, points, points + [1, 0, 0])
    report, page = report_of(pair, affine_field(0.9 * np.eye(3), reference), resampling_error_mm=0.02, device="cpu")
    checker = checked(page)
    text = checker.text.getvalue()
    assert len(checker.loads) == 8
    assert page.count("<svg") == 3 + 4
    for words in ("For research use only", "Check this result", "whole & one", "The <moving> mask", "fixed to moving", "SHA-256"):
        assert (words in text) == (words != "SHA-256")
    assert f"{report['tre_mm']['after']['mean']:.2f} mm" in text


def test_the_page_without_lungs_and_landmarks(scans):
    fixed, moving, _, reference = scans
    report, page = report_of(Pair(fixed, moving), affine_field(rotation(2, 1), reference))
    assert len(checked(page).loads) == 4
    assert report["folding_percent"]["lung"] is None
    assert report["tre_mm"] is None


def test_charts_state_their_axes_and_stay_inside():
    edges = np.linspace(0, 2, 81)
    counts = np.histogram(np.random.default_rng(0).normal(0.9, 0.1, 5000), edges)[0]
    chart = charts.histogram_chart(edges, counts, DIVERGING, (0.5, 1.5))
    assert chart.count("<rect") == np.count_nonzero(counts)
    assert "det J in the lung" in chart
    curve = charts.cumulative_chart([("after", [0.0, 1.0, 2.0], [0.0, 50.0, 100.0], "#000000")], 5.0)
    assert "error in mm" in curve
    heights = [float(part.split(",")[1]) for part in curve.split('points="')[1].split('"')[0].split()]
    assert heights == sorted(heights, reverse=True)
    assert min(heights) >= charts.TOP


def test_reports_of_the_same_data_are_the_same_page(scans):
    """No random identifiers: a page can be compared with the next."""
    fixed, moving, lung, reference = scans
    pages = []
    for _ in range(2):
        pair = Pair(fixed, moving, lung, lung)
        evaluation = evaluate(pair, affine_field(0.95 * np.eye(3), reference))
        rows = report_pictures(pair, evaluation, affine_field(0.95 * np.eye(3), reference))
        pages.append(zlib.crc32("".join(p.url + p.legend for row in rows for p in row.pictures).encode()))
    assert pages[0] == pages[1]
