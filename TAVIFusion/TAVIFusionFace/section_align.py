"""The Align section: the fit of the model to the vessel or to points, what came out of it, and moving by hand."""

from slicer.i18n import tr as _

from .labels import say
from .nudging import Nudging
from .parameters import Degrees
from .requests import AlignRequest, segmentationOptions
from .run_nodes import browserOf, frameIndex, isRun


class AlignSection:
    """Asks for what the panel means, and says how far the result can be trusted."""

    def __init__(self, ui, parameters, busy):
        """busy: whether other work is going on."""
        self.ui, self._parameters, self._busy = ui, parameters, busy
        self.nudging = Nudging(ui, parameters)
        say(ui.alignLabel, "")

    def rest(self):
        """The scene closes, or the module is left."""
        self.nudging.rest()
        say(self.ui.alignLabel, "")

    def refresh(self):
        """Show what can be done."""
        p = self._parameters()
        two = p.degrees == Degrees.SIX
        for widget in (self.ui.secondRunSelector, self.ui.phasesCheckBox, self.ui.turnedCheckBox):
            widget.enabled = two
        self.ui.secondFramePointsSelector.enabled = self.ui.secondFramePointsPlaceWidget.enabled = two
        self.ui.secondFramePointsPlaceWidget.setCurrentNode(p.secondFramePoints)
        self.ui.affineComboBox.enabled = self.ui.regionSelector.enabled = p.degrees == Degrees.PAPER
        self.ui.framePointsPlaceWidget.setCurrentNode(p.framePoints)
        for button, by, tip in (
            (self.ui.alignButton, "pose", _("Fit the projected model to the segmented vessel.")),
            (self.ui.pointsButton, "points", _("Bring the points of the model onto those of the frame.")),
        ):
            missing = self.request(by).missing()
            button.enabled = not missing and not self._busy()
            button.toolTip = missing or tip
        self.nudging.refresh()

    def request(self, by):
        """What is asked for. by: "pose" to the vessel, "points" to the points alone."""
        p = self._parameters()
        return AlignRequest(
            run=p.run,
            **segmentationOptions(p),
            model=p.model,
            frame=frameIndex(p.run) if isRun(p.run) else 0,
            secondRun=p.secondRun,
            secondFrame=frameIndex(p.secondRun) if isRun(p.secondRun) else 0,
            degrees=p.degrees.value if p.degrees != Degrees.PAPER else "in-plane",
            modelPoints=p.modelPoints,
            framePoints=p.framePoints,
            secondFramePoints=p.secondFramePoints,
            matchPhases=p.matchPhases,
            turned=p.turned and p.degrees == Degrees.SIX,
            landmarks=p.landmarks,
            by="paper" if by == "pose" and p.degrees == Degrees.PAPER else by,
            affine=p.affine.value,
            region=p.region,
        )

    def showFit(self, report):
        """Say how well the model fits, and what one view cannot tell; show the frames that were chosen."""
        p = self._parameters()
        if report.get("phases"):
            for run, frame in zip((p.run, p.secondRun), report["phases"]["frames"], strict=True):
                browserOf(run).SetSelectedItemNumber(frame)
        told = self.ui.modelLabel.text
        say(self.ui.alignLabel, about({**report, "warnings": [text for text in report.get("warnings", []) if text not in told]}))


def about(report):
    """The figures of an alignment's report for people."""
    residuals = [view["residual_mm"] for view in report.get("views", ()) if view.get("residual_mm") is not None]
    lines = [_("Outlines {mm} mm apart (median).").format(mm=", ".join(f"{mm:.1f}" for mm in residuals))] if residuals else []
    if len(moved := [view["moved_mm"] for view in report.get("views", ()) if view.get("moved_mm") is not None]) > 1:
        lines.append(_("Heart and breath between the views: {mm:.1f} mm; the pose is that of the first.").format(mm=max(moved)))
    if report.get("phases"):
        lines.append(aboutPhases(report["phases"]))
    directions = (report.get("confidence") or {}).values()
    uncertain = [_spoken(direction) for direction in directions if direction["fitted"] and not direction["certain"]]
    untouched = [direction["name"] for direction in directions if not direction["fitted"]]
    if uncertain:
        lines.append(_("Uncertain: {names}.").format(names=", ".join(uncertain)))
    if untouched:
        lines.append(_("Not seen from here, left as it was: {names}.").format(names=", ".join(untouched)))
    return "\n".join([*lines, *report.get("warnings", [])])


def aboutPhases(phases):
    """Which frames of two runs were taken, and what is left between them."""
    first, second = (frame + 1 for frame in phases["frames"])
    text = _("Frames {a} and {b} show the same phase; {mm:.1f} mm of motion are left (heart {heart:.1f}, breath {breath:.1f}).")
    return text.format(a=first, b=second, mm=phases["mismatch_mm"], heart=phases["heart_mm"], breath=phases["breath_mm"])


def _spoken(direction):
    """A direction with its standard deviation, where that is known (inf becomes None in JSON)."""
    sigma, unit = direction["sigma"], "°" if direction["unit"] == "degrees" else f" {direction['unit']}"
    return direction["name"] + (f" (± {sigma:.1f}{unit})" if sigma is not None else "")
