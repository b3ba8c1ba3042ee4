"""Which share of a long list a push runs: the commit chooses, or SRCAD_TENTH; ``-m slow`` runs the others."""

from __future__ import annotations

import os
import subprocess
import zlib
from pathlib import Path


def is_chosen(name: str, of: int = 10) -> bool:
    """Whether it is this one's turn, of as many turns."""
    return zlib.crc32(name.encode()) % of == turn(of)


def turn(of: int = 10) -> int:
    """The number of the share that runs: SRCAD_TENTH, or what the commit says; the second where there is no commit."""
    given = os.environ.get("SRCAD_TENTH")
    return (int(given) if given else int(_commit()[:8] or "1", 16)) % of


def _commit() -> str:
    """The commit at hand, in hexadecimal digits."""
    git = ["git", "-C", str(Path(__file__).parent), "rev-parse", "HEAD"]
    try:
        return subprocess.run(git, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""
