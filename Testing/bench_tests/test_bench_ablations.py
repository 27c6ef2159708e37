"""The ablations: every row has its configuration, runs are made once, and the table says what has not converged."""

import json

import pytest

from Testing.bench import ablations
from Testing.bench.ablations import ROWS, SIZE, has_converged, main, small, table

ROW = "phantom_rrn_without_cost_volume"


def test_rows_differ_in_what_their_names_say_and_share_their_steps():
    made = {name: small(name, 120, 20, seed=1) for name in ROWS.values()}
    assert {sum(config.steps) for config in made.values()} == {120} and {config.size for config in made.values()} == {SIZE}
    assert {len(made[f"phantom_virnet_{n}_level{'s' * (n != 'one')}"].steps) for n in ("one", "two", "three")} == {1, 2, 3}
    proposed = made["phantom_virnet_three_levels"]
    for term in ("masks", "volume_change", "keypoints"):
        assert made[f"phantom_virnet_without_{term}"].objective == {**proposed.objective, term: 0}
    assert made[ROW].network["cost_volume"] is False and made["phantom_rrn_with_cost_volume"].network["cost_volume"] is True


def test_converged_means_that_a_whole_turn_brings_little():
    assert has_converged([5.0, 3.0, 1.0, 2.0, 1.0, 1.99], turn=2)
    assert not has_converged([1.0, 2.0, 0.9, 1.8], turn=2) and not has_converged([1.0, 1.0, 1.0], turn=2)


def test_the_table_has_means_and_spreads_over_the_seeds(tmp_path):
    (tmp_path / "runs").mkdir()
    for seed, tre in enumerate((2.0, 3.0, 4.0)):
        run = {"name": ROW, "tre_prealigned_mm": 9.0, "tre_mm": tre, "folding_percent": 0.0, "dice": 0.9, "converged": seed == 0}
        (tmp_path / "runs" / f"{ROW}-{seed}.json").write_text(json.dumps(run), encoding="utf-8")
    row = table(tmp_path).splitlines()[-1]
    assert row == "| RRN, without cost volume | 3 | 9 +- 0 | 3 +- 1 | 0 +- 0 | 0.9 +- 0 | 1 of 3 |"


def test_a_run_is_made_once(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(ablations, "SIZE", (16, 16, 48))
    monkeypatch.setattr(ablations, "VOXEL_MM", (9.0, 11.0))
    command = ["--output", str(tmp_path), "--steps", "6", "--pairs", "2", "--held-out", "1", "--seeds", "1", "--rows", ROW]
    main([*command, "--minutes", "0"])
    assert "call again" in capsys.readouterr().out and not (tmp_path / "runs").exists()
    main([*command, "--threads", "1"])
    file = tmp_path / "runs" / f"{ROW}-0.json"
    first = file.read_bytes()
    result = json.loads(first)
    assert result["tre_mm"] > 0 and 0 < result["dice"] <= 1 and result["steps"] == 6
    main(command)
    assert file.read_bytes() == first and "RRN, without cost volume | 1 |" in (tmp_path / "ablations.md").read_text(
        encoding="utf-8"
    )
    with pytest.raises(SystemExit):
        main([*command, "--rows", "phantom_unet"])
