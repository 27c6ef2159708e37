"""Missing system libraries are found and named before anything is rendered."""

from Testing.host import system_libraries


def test_rendering_can_start_here():
    assert system_libraries.missing() == {}


def test_a_missing_library_is_named_with_its_package(monkeypatch, capsys):
    monkeypatch.setitem(system_libraries.DEBIAN_PACKAGES, "libNoSuchThing.so.7", "libnosuchthing7")
    monkeypatch.setattr(system_libraries.sys, "platform", "linux")
    assert system_libraries.main() == 1
    assert "libNoSuchThing.so.7 is missing. Debian: libnosuchthing7" in capsys.readouterr().out


def test_a_missing_driver_is_named_with_its_package(monkeypatch, capsys):
    monkeypatch.setattr(system_libraries, "_software_rendering_starts", lambda: False)
    monkeypatch.setattr(system_libraries.sys, "platform", "linux")
    assert system_libraries.main() == 1
    assert "libgl1-mesa-dri" in capsys.readouterr().out
