"""Where alerts arrive in tests: a real SMTP server and a real HTTP server on 127.0.0.1, each with faults on demand."""

from __future__ import annotations

import base64
import datetime
import json
import os
import signal
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass
class MailBox:
    """What arrived, and how the server behaves. `answers` replaces the answer to a command."""

    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    recipients: list[list[str]] = field(default_factory=list)
    logins: list[tuple[str, str]] = field(default_factory=list)
    encrypted: list[bool] = field(default_factory=list)
    answers: dict[str, str] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)

    def texts(self) -> list[str]:
        return [mail.get_content() for mail in self.mails]


def certificate(folder: Path, host: str = "localhost") -> tuple[Path, ssl.SSLContext]:
    """A self-signed certificate for `host`, as a file that can be trusted, and a server's context with it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path, private = folder / "certificate.pem", folder / "key.pem"
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path, private)
    return path, context


@contextmanager
def mail_server(context: ssl.SSLContext | None = None, *, tls: bool = False) -> Iterator[MailBox]:
    """An SMTP server: STARTTLS when it has a `context`, TLS from the start with `tls`."""
    box = MailBox()

    class Session(socketserver.StreamRequestHandler):
        def say(self, line: str) -> None:
            self.wfile.write(f"{line}\r\n".encode())

        def secure(self) -> None:
            assert context is not None
            self.connection = context.wrap_socket(self.connection, server_side=True)
            self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", buffering=0)
            self.inside = True

        def handle(self) -> None:
            self.inside = False
            try:
                if tls:
                    self.secure()
                self.say(box.answers.get("CONNECT", "220 ready"))
                self.converse()
            except OSError:
                return
            finally:
                self.connection.close()

        def converse(self) -> None:
            recipients: list[str] = []
            while line := self.rfile.readline().decode().strip():
                word = line.split(maxsplit=1)[0].upper()
                if word in box.answers:
                    self.say(box.answers[word])
                elif word == "EHLO":
                    self.say("250-here")
                    if context is not None and not self.inside:
                        self.say("250-STARTTLS")
                    self.say("250 AUTH PLAIN")
                elif word == "STARTTLS":
                    self.say("220 go")
                    self.secure()
                elif word == "AUTH":
                    _, user, password = base64.b64decode(line.split()[2]).decode().split("\0")
                    box.logins.append((user, password))
                    self.say("235 welcome" if password == "right-password" else "535 wrong")
                elif word == "RCPT":
                    address = line.partition("<")[2].partition(">")[0]
                    if address in box.refused:
                        self.say("550 no such mailbox")
                    else:
                        recipients.append(address)
                        self.say("250 ok")
                elif word == "DATA":
                    self.say("354 go on")
                    lines = [line.removeprefix(b".") for line in iter(self.rfile.readline, b".\r\n")]
                    content = b"".join(lines).replace(b"\r\n", b"\n")
                    box.mails.append(message_from_bytes(content, policy=policy.default))
                    box.recipients.append(recipients)
                    box.encrypted.append(self.inside)
                    self.say("250 taken")
                elif word == "QUIT":
                    self.say("221 bye")
                    return
                else:
                    self.say("250 ok")

    with _serving(socketserver.ThreadingTCPServer(("127.0.0.1", 0), Session)) as port:
        box.port = port
        yield box


@dataclass
class Requests:
    """What was posted. `answers` are (status, headers) for the coming requests, then 200; `kill` is killed (-9) in the
    moment after the next request arrived."""

    port: int = 0
    bodies: list[dict[str, Any]] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    answers: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    kill_sender: bool = False

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hooks/token-in-the-path-4711"

    def events(self) -> list[list[tuple[str, str]]]:
        return [[(one["event"], one["kind"]) for one in body["incidents"]] for body in self.bodies]


@contextmanager
def webhook_server() -> Iterator[Requests]:
    requests = Requests()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["Content-Length"]))
            requests.raw.append(content)
            requests.bodies.append(json.loads(content))
            requests.headers.append(dict(self.headers))
            if requests.kill_sender:
                requests.kill_sender = False
                os.kill(int(self.headers["X-Process"]), signal.SIGKILL)
                return
            status, headers = requests.answers.pop(0) if requests.answers else (200, {})
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with _serving(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as port:
        requests.port = port
        yield requests


@contextmanager
def _serving(server: socketserver.TCPServer) -> Iterator[int]:
    server.daemon_threads = True  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
