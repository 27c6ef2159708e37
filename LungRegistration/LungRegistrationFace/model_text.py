"""What a model's card says, for people: one compact line, and everything as a tool tip."""

import math
from html import escape

from slicer.i18n import tr as _


def cardLine(model):
    """What it was trained on, what it reaches, and for which images, in a line."""
    card = model.card
    parts = [_("Trained on: {data}").format(data=card.get("trained_on") or _("unknown"))]
    parts += _figures(card)
    return escape(" · ".join(parts))


def cardToolTip(model):
    """Title, domain, figures, limits, licence, as rich text; only what the card has."""
    card = model.card
    rows = [(_("Model"), f"{card['title']} ({card['id']}, {_('version {v}').format(v=card['version'])})")]
    rows += [(_("Trained on"), card.get("trained_on")), (_("Images"), _domain(card.get("domain"))), (_("Input"), _input(card))]
    rows += [(_("Figures"), "; ".join(_figures(card))), (_("Limits"), _text(card.get("limits")))]
    rows += [(_("License"), card.get("license")), (_("Citation"), card.get("citation")), (_("Folder"), str(model.folder))]
    return "<br>".join(f"<b>{escape(name)}:</b> {escape(str(text))}" for name, text in rows if text)


def _figures(card):
    """What the card states of landmark error, overlap and folding, in words: its own figures, else those of the training."""
    training = card.get("training")
    figures = card.get("figures") or (training.get("validation") if isinstance(training, dict) else None)
    if not isinstance(figures, dict):
        return [_text(figures)] if figures else []
    value = {name: number for name, number in figures.items() if isinstance(number, (int, float)) and math.isfinite(number)}
    words = []
    if "tre_mm" in value:
        before = f"{value['tre_before_mm']:.1f} → " if "tre_before_mm" in value else ""
        words.append(_("landmark error {before}{after:.2f} mm").format(before=before, after=value["tre_mm"]))
    if "dice" in value:
        words.append(_("Dice {dice:.2f}").format(dice=value["dice"]))
    if "folding_percent" in value:
        words.append(_("folding {percent:.2g} %").format(percent=value["folding_percent"]))
    return words


def _domain(domain):
    """Ranges of the domain in words."""
    if not isinstance(domain, dict):
        return ""
    words = [str(domain["modality"])] if domain.get("modality") else []
    for key, unit in (("size_voxels", _("voxels")), ("spacing_mm", _("mm between voxels"))):
        if isinstance(domain.get(key), list):
            words.append(f"{' – '.join(f'{value:g}' for value in domain[key])} {unit}")
    return ", ".join(words)


def _input(card):
    """What the network sees."""
    seen = card.get("input")
    if not isinstance(seen, dict):
        return ""
    size, window = seen.get("size_xyz"), seen.get("window_hu")
    words = [f"{' x '.join(map(str, size))} {_('voxels')}"] if size else []
    words.append(f"{window[0]:g} – {window[1]:g} HU" if window else _("HU as they are"))
    return ", ".join(words)


def _text(value):
    return "; ".join(map(str, value)) if isinstance(value, list) else str(value or "")
