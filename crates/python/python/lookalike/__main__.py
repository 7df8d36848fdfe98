"""The program ``lookalike``, also as ``python -m lookalike``."""

from __future__ import annotations

import signal
import sys


def main() -> int:
    """Runs the program with the arguments of this process."""
    from . import _lookalike

    # The program listens for Ctrl-C itself.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    return _lookalike.main([sys.executable, "-m", "lookalike"], ["lookalike", *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())
