"""A partner in memory with the methods of SftpSession that a delivery uses, failing where a test says."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import BinaryIO

from mlconnector_assets.errors import AccessDenied, DeliveryError, Unavailable
from mlconnector_assets.exchange.operations import run_together
from mlconnector_assets.exchange.sftp import RemoteFile
from mlconnector_assets.exchange.wire import Attributes

Fail = Callable[[str, str], Exception | None]


class FakePartner:
    """`files` maps paths to bytes. `fail(operation, path)` gives the error to raise before the operation is done;
    operations: connect, folder, list, look, upload, uploaded (half of it is there), rename, renamed (it is done), remove,
    mark, probe, read."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.fail: Fail = lambda operation, path: None
        self.calls: list[tuple[str, str]] = []
        self.silent_about_sizes = False

    def open(self) -> FakeSession:
        self.check("connect", "")
        return FakeSession(self)

    def check(self, operation: str, path: str) -> None:
        self.calls.append((operation, path))
        if error := self.fail(operation, path):
            raise error

    def count(self, operation: str) -> int:
        return sum(called == operation for called, _ in self.calls)

    def names(self, folder: str) -> dict[str, bytes]:
        return {path.rpartition("/")[2]: content for path, content in self.files.items() if path.startswith(folder + "/")}


class FakeSession:
    settings = SimpleNamespace(where="partner acme, sftp.example:22", user="us")
    description = "a partner in memory"
    notice = None
    extensions = frozenset({"fsync@openssh.com"})

    def __init__(self, partner: FakePartner) -> None:
        self.partner, self.over = partner, False

    def __enter__(self) -> FakeSession:
        return self

    def __exit__(self, *_: object) -> None:
        self.over = True

    def _do(self, operation: str, path: str) -> None:
        if self.over:
            raise Unavailable("the session is over")
        try:
            self.partner.check(operation, path)
        except Unavailable:
            self.over = True
            raise

    def ensure_folder(self, path: str) -> bool:
        self._do("folder", path)
        return False

    def listing(self, path: str) -> list[RemoteFile]:
        self._do("list", path)
        return [RemoteFile(name.encode(), name, len(content), 0, True) for name, content in self.partner.names(path).items()]

    def probe_write(self, folder: str, *, rename_to: str | None, posix: bool) -> None:
        self._do("probe", folder)

    def another(self) -> FakeSession:
        return FakeSession(self.partner)

    def close(self) -> None:
        self.over = True

    def together(self, tasks, *, most):
        return run_together(tasks, most=most)

    async def look(self, path: str) -> Attributes | None:
        return self.attributes(path)

    def attributes(self, path: str) -> Attributes | None:
        self._do("look", path)
        content = self.partner.files.get(path)
        return None if content is None else Attributes(None if self.partner.silent_about_sizes else len(content), 0o100644, 0)

    async def put(self, path: str, source: BinaryIO, *, existing: str, mode: int | None, fsync: bool) -> int:
        self._do("upload", path)
        if path in self.partner.files and existing == "refuse":
            raise DeliveryError("it exists", retryable=True)
        content = b""
        while chunk := source.read(10):
            content += chunk
        self.partner.files[path] = content[: len(content) // 2]
        self._do("uploaded", path)
        self.partner.files[path] = content
        return len(content)

    async def mark(self, path: str) -> None:
        self._do("mark", path)
        self.partner.files[path] = b""

    async def move(self, source: str, target: str, *, posix: bool, replace: bool) -> None:
        self._do("rename", target)
        self.partner.files[target] = self.partner.files.pop(source)
        self._do("renamed", target)

    def remove(self, path: str) -> bool:
        self._do("remove", path)
        return self.partner.files.pop(path, None) is not None

    def read_into(self, path: str, take: Callable[[bytes], object]) -> None:
        self._do("read", path)
        take(self.partner.files[path])


def denied() -> AccessDenied:
    return AccessDenied("may not write", where="partner acme", mend="ask for permission")
