"""The script that times the hosts of a simulated cluster runs."""

from experiments.benchmark import cluster_input


def test_a_line_a_cluster(monkeypatch, capsys):
    monkeypatch.setattr(cluster_input, "FILES", 3)
    cluster_input.main(["--examples", "300", "--rows", "2", "--rounds", "1", "--batches", "1"])
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0].strip() for line in lines] == ["1 hosts", "8 hosts", "64 hosts"]
    assert all("images/s a host" in line for line in lines)
