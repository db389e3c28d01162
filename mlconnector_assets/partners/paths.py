"""Paths on a partner's server, as they are written in its file."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator

from mlconnector_assets.partners.fields import Text


def _remote_path(path: str) -> str:
    if not path.isprintable() or ".." in path.split("/"):
        raise ValueError("must be a path without `..` or control characters")
    return path


def _folder(path: str) -> str:
    if path.startswith("/"):
        raise ValueError("must be a path below `root`, without a leading `/`")
    return _remote_path(path)


RemotePath = Annotated[Text, AfterValidator(_remote_path)]
Folder = Annotated[Text, AfterValidator(_folder)]
