"""A classifier's report."""

from __future__ import annotations

import html
import json
import os
from typing import Any


class Report:
    """What a classifier knows of its own training. A notebook shows the page."""

    def __init__(self, page: str, text: str) -> None:
        #: The page: one HTML file that needs nothing beside it.
        self.html = page
        self._text = text

    def to_dict(self) -> dict[str, Any]:
        """The same content for programs; ``docs/json.md`` lists its fields."""
        content: dict[str, Any] = json.loads(self._text)
        return content

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the page."""
        with open(path, "w", encoding="utf-8") as file:
            file.write(self.html)

    def __repr__(self) -> str:
        return f"<Report of {len(self.html):,} characters: a notebook shows it, `save` writes it>"

    def _repr_html_(self) -> str:
        # In a frame of its own: the page's styles are not the notebook's, and its scripts see nothing.
        return (
            '<iframe sandbox="allow-scripts allow-popups" style="width: 100%; height: 640px; '
            f'border: 1px solid #ccc" srcdoc="{html.escape(self.html)}"></iframe>'
        )
