"""Labels that take no room while they have nothing to say."""


def say(label, text):
    """Show a text, or hide the label when there is none."""
    label.text = text
    label.visible = bool(text)
