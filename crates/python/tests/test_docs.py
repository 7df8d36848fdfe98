"""The code of docs/python.md and docs/millions.md runs from top to bottom, and so does the notebook."""

from __future__ import annotations

import pathlib
import re

import pytest

DOCS = pathlib.Path(__file__).parents[3] / "docs"


@pytest.mark.parametrize(("page", "least"), [("python.md", 8), ("millions.md", 5)])
def test_a_page_runs(page, least, tmp_path, monkeypatch):
    text = (DOCS / page).read_text(encoding="utf-8")
    # Of a heading there is nothing.
    blocks = re.findall(r"^## |^```python\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    assert len([block for block in blocks if block]) > least
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {"__name__": "__docs__"}
    skipped = False
    for block in blocks:
        if not block:
            skipped = False
            continue
        missing = [
            name
            for name in re.findall(r"^(?:import|from) (\w+)", block, re.MULTILINE)
            if name != "lookalike" and not there(name)
        ]
        if missing:
            print(f"skipped to the next heading: {', '.join(missing)} is not installed")
        skipped = skipped or bool(missing)
        if skipped:
            continue
        exec(compile(block, f"docs/{page}", "exec"), names)


def there(name: str) -> bool:
    import importlib.util

    return importlib.util.find_spec(name) is not None


@pytest.mark.parametrize("notebook", sorted((DOCS / "notebooks").glob("*.ipynb")), ids=str)
def test_a_notebook_runs(notebook, tmp_path):
    nbformat = pytest.importorskip("nbformat")
    nbclient = pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    content = nbformat.read(notebook, as_version=4)
    nbformat.validate(content)
    assert not any(cell.get("outputs") for cell in content.cells), "saved without outputs"
    place = {"metadata": {"path": str(tmp_path)}}
    nbclient.NotebookClient(content, timeout=300, kernel_name="python3", resources=place).execute()
    outputs = [output for cell in content.cells for output in cell.get("outputs", [])]
    pages = [output["data"]["text/html"] for output in outputs if "text/html" in output.get("data", {})]
    assert any(page.startswith("<iframe") for page in pages), "the report is shown"
    assert not any(output["output_type"] == "error" for output in outputs)
