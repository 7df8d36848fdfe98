"""What is raised: each error says what failed, on which file, and, as ``help``, what to do."""

from __future__ import annotations


class Error(Exception):
    """Something was not done."""

    help: str | None

    def __init__(self, words: str, help: str | None = None) -> None:
        super().__init__(words, help)
        self.help = help

    def __str__(self) -> str:
        words: str = self.args[0]
        return words if self.help is None else f"{words}\nhelp: {self.help}"


class InputError(Error, ValueError):
    """Pictures, labels or settings cannot be used."""


class ModelError(Error):
    """A classifier's or weights file is refused."""


class NetworkError(Error):
    """The network cannot be reached, or must not be used."""


class LookalikeWarning(UserWarning):
    """Something is not as expected; the message says what was done about it."""
