"""How long a network will take, in words, before it runs: by its last run here, else by the speed of the processor.

What runs took is kept in Slicer's settings, by device and model, and goes nowhere else.
"""

import json

import slicer
from slicer.i18n import tr as _

from CorrespondCoreLib.progress import about_text
from LungRegistrationLib.learned.run_time import Pace
from LungRegistrationLib.network_settings import UNTRAINED


def remember(report, device):
    """Keep how fast the network of a finished run was; `device` as it was asked for ("auto", "cpu", ...)."""
    pace = Pace.of_report(report)
    if pace is None:
        return
    fit = report["network"]["instance_optimization"]
    kept = {"none": pace.prediction_s} | ({fit["of"]: pace.step_s} if fit else {})
    model = (report["network"]["name"], report["model"] or UNTRAINED)
    for place in {device, report["device"]}:
        for optimization, seconds in kept.items():
            if seconds is not None:
                slicer.app.settings().setValue(_key(place, *model, optimization), json.dumps(seconds))


def timeText(plan, settings, device):
    """What prediction and fit will take, with where that is known from.

    Args:
        plan: LungRegistrationLib.learned.models.Plan.
        settings: LungRegistrationLib.settings.RegistrationSettings.
        device: "auto", "cpu", "cuda" or "mps".
    """
    network, trained = settings.network, plan.model is not None
    model = (settings.method, plan.model.id if trained else UNTRAINED)
    last = Pace(_recalled(device, *model, "none"), _recalled(device, *model, network.instance_optimization))
    seconds = last.seconds(plan.kind.size_xyz, trained, network)
    if seconds is not None:
        return _("About {time} for the network, by its last run here.").format(time=about_text(seconds))
    if device not in ("auto", "cpu"):
        return _("How long it takes on the graphics card is measured on your pair and shown before the network starts.")
    pace = Pace.of_processor(settings.method, network.instance_optimization)
    text = _("About {time} for the network, by the speed of this processor.").format(
        time=about_text(pace.seconds(plan.kind.size_xyz, trained, network))
    )
    return text + " " + _("A graphics card is faster.") if device == "auto" else text


def _recalled(*key):
    kept = slicer.app.settings().value(_key(*key))
    try:
        return float(json.loads(kept)) if kept else None
    except (TypeError, ValueError):
        return None  # the settings are a file that anybody may have edited


def _key(device, method, model, optimization):
    return f"LungRegistration/SecondsPerMillionVoxels/{device}/{method}/{model}/{optimization}"
