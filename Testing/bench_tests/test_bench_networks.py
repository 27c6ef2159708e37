"""The benchmark of the networks measures both ways of computing them."""

from Testing.bench.network_work import work
from Testing.bench.networks import main


def test_a_small_size_gives_a_table(capsys):
    assert main(["--networks", "rrn", "--size", "48", "16", "16", "--threads", "1"]) == 0
    cells = [cell.strip() for cell in capsys.readouterr().out.splitlines()[-1].strip("|").split("|")]
    assert cells[:2] == ["rrn", "48 x 16 x 16"]
    seconds, cpu_s, gigabytes, plain_s, plain_cpu_s, plain_gb, ratio = (float(cell.split(" ")[0]) for cell in cells[2:9])
    assert 0 <= cpu_s <= seconds + 0.1 < 60 and 0 <= plain_cpu_s <= plain_s + 0.1 < 60 and ratio > 0  # one thread
    assert 0.1 < gigabytes < 3 and 0.1 < plain_gb < 3


def test_the_work_of_a_fit_is_more_than_that_of_a_prediction():
    speed, (prediction, of_field, of_weights) = work("voxelmorph", 32)
    assert speed > 0.1 and 0 < prediction < of_weights and of_field > 0
