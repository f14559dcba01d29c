"""The notebooks run from top to bottom, and show what they say."""

from pathlib import Path

import pytest

NOTEBOOKS = sorted((Path(__file__).parent.parent / "docs/notebooks").glob("*.ipynb"))


@pytest.mark.slow
@pytest.mark.torch  # requirements-torch.txt brings what executes a notebook, too
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs(path, tmp_path):
    nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    notebook = nbformat.read(str(path), as_version=4)
    written = [_kinds(cell) for cell in notebook.cells]
    assert any("image/png" in kinds for kinds in written)
    resources = {"metadata": {"path": str(tmp_path)}}
    client = nbclient.NotebookClient(notebook, timeout=600, resources=resources)
    client.execute()
    assert [_kinds(cell) for cell in notebook.cells] == written


def _kinds(cell) -> set[str]:
    """The kinds of a cell's results, without what goes to the standard error."""
    found = set()
    for output in cell.get("outputs", ()):
        if output.output_type != "stream":
            found |= set(output.data) - {"image/jpeg"}
        elif output.name == "stdout":
            found.add("stdout")
    return found
