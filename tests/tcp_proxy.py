"""A broken network in a box: a TCP proxy on 127.0.0.1 that cuts, swallows or refuses on demand."""

from __future__ import annotations

import socket
import struct
import threading
from types import TracebackType
from typing import Self


class TcpProxy:
    """Forwards a free port to `target`. Faults count the bytes that clients have sent since the last `fault`.

    cut: after so many bytes both sides get a reset. black_hole: after so many bytes nothing is forwarded
    any more, and nobody is told. refuse: new connections are reset at once.
    """

    def __init__(self, target: int) -> None:
        self.target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._lock = threading.Lock()
        self._connections: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self.clear()
        self._spawn(self._accept)

    def fault(self, *, cut: int | None = None, black_hole: int | None = None, refuse: bool = False) -> None:
        with self._lock:
            self._cut, self._black_hole, self._refuse, self._sent = cut, black_hole, refuse, 0

    def clear(self) -> None:
        self.fault()

    @property
    def sent(self) -> int:
        """Bytes that clients have sent since the last `fault`."""
        with self._lock:
            return self._sent

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._reset(*self._connections)
        for thread in self._threads:
            thread.join(5)

    def _spawn(self, target, *arguments) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                server = None if self._refuse else socket.create_connection(("127.0.0.1", self.target), timeout=5)
            except OSError:
                server = None
            if server is None:
                self._reset(client)
                continue
            server.settimeout(None)
            for sock in (client, server):
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._connections += [client, server]
            self._spawn(self._pump, client, server, True)
            self._spawn(self._pump, server, client, False)

    def _pump(self, source: socket.socket, target: socket.socket, upwards: bool) -> None:
        try:
            while data := source.recv(65_536):
                with self._lock:
                    self._sent += len(data) if upwards else 0
                    cut = self._cut is not None and self._sent > self._cut
                    swallow = self._black_hole is not None and self._sent > self._black_hole
                if cut:
                    self._reset(source, target)
                    return
                if not swallow:
                    target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            self._reset(source, target)

    @staticmethod
    def _reset(*sockets: socket.socket) -> None:
        for sock in sockets:
            try:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            sock.close()
