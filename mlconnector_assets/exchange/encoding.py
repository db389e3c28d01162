"""What becomes of a file's content before it leaves. The same content always makes the same bytes."""

from __future__ import annotations

import gzip
from typing import Literal


def encoded(content: bytes, compress: Literal["gzip"] | None) -> bytes:
    """The bytes that leave."""
    return gzip.compress(content, mtime=0) if compress else content
