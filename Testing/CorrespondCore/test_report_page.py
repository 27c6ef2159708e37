"""What the pages of reports share."""

from CorrespondCoreLib.report_page import banner


def test_a_banner_says_each_thing_once():
    both = banner({"needed": True, "reasons": ["It slid."]}, ["It slid.", "No <scale>."])
    assert both.count("It slid.") == 1
    assert both.count("No &lt;scale&gt;.") == 1
    assert "To know" not in banner({"needed": True, "reasons": ["It slid."]}, ["It slid."])
    assert "No sign of failure" in banner({"needed": False, "reasons": []}, [])
