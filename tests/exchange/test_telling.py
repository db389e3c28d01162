"""Mail and webhooks against real servers: what arrives, and what every refusal says."""

from __future__ import annotations

import hashlib
import hmac
import socket
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mlconnector_assets.errors import CredentialsError
from mlconnector_assets.exchange.mail import MailServer, send_mail
from mlconnector_assets.exchange.notice import NotTold
from mlconnector_assets.exchange.webhook import post
from mlconnector_assets.state.vault import Secret
from tests.people import MailBox, Requests, certificate, mail_server, webhook_server

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
PASSWORD = Secret(b"right-password")


def send(box: MailBox, **settings: Any) -> str | None:
    server = MailServer(
        **{
            "host": "localhost",
            "port": box.port,
            "sender": "ml@example.com",
            "recipients": ["eva@example.com"],
            "security": "none",
        }
        | settings
    )
    return send_mail(server, subject="a\nsubject", text="Größe: 3 €\n.\nend\n", message_id="id-1", at=NOW)


@pytest.fixture
def trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    path, context = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    return context


def test_a_mail_arrives_whole():
    with mail_server() as box:
        assert send(box, recipients=["eva@example.com", "bob@example.com"]) is None
    (mail,) = box.mails
    assert mail.get_content() == "Größe: 3 €\n.\nend\n"
    assert (mail["Subject"], mail["From"], mail["To"]) == ("a subject", "ml@example.com", "eva@example.com, bob@example.com")
    assert (mail["Message-ID"], mail["Auto-Submitted"]) == ("<id-1@example.com>", "auto-generated")
    assert box.recipients == [["eva@example.com", "bob@example.com"]]
    assert box.logins == []


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_password_goes_through_tls_only(trusted: ssl.SSLContext, security: str):
    with mail_server(trusted, tls=security == "tls") as box:
        send(box, security=security, user="robot", password=PASSWORD)
    assert (box.logins, box.encrypted) == ([("robot", "right-password")], [True])


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_an_unknown_certificate_stops_before_the_login(tmp_path: Path, security: str):
    _, context = certificate(tmp_path)
    with mail_server(context, tls=security == "tls") as box, pytest.raises(NotTold, match="no TLS") as caught:
        send(box, security=security, user="robot", password=PASSWORD)
    assert "SSL_CERT_FILE" in caught.value.mend
    assert (box.logins, box.mails) == ([], [])


def test_a_server_without_starttls_gets_neither_password_nor_mail():
    with mail_server() as box, pytest.raises(NotTold, match="does not offer what `security: starttls`"):
        send(box, security="starttls", user="robot", password=PASSWORD)
    assert (box.logins, box.mails) == ([], [])


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ({"MAIL": "452 out of space"}, "refused: 452 out of space"),
        ({"DATA": "554 looks like spam"}, "refused: 554 looks like spam"),
        ({"RCPT": "550 who is that"}, r"refused eva@example.com \(550 who is that\)"),
        ({"CONNECT": "554 go away"}, "refused: 554 go away"),
    ],
)
def test_a_refusal_is_told_in_the_servers_words(answers: dict[str, str], said: str):
    with mail_server() as box:
        box.answers |= answers
        with pytest.raises(NotTold, match=said):
            send(box)
    assert box.mails == []


def test_a_wrong_password_is_told_without_it(trusted: ssl.SSLContext):
    with mail_server(trusted) as box, pytest.raises(NotTold, match=r"refused the login of robot \(535\)") as caught:
        send(box, security="starttls", user="robot", password=Secret(b"wrong-password-4711"))
    assert "4711" not in str(caught.value)


def test_one_refused_recipient_of_two_is_a_warning_since_the_other_has_it():
    with mail_server() as box:
        box.refused.add("gone@example.com")
        warning = send(box, recipients=["eva@example.com", "gone@example.com"])
    assert warning is not None and "gone@example.com (550 no such mailbox)" in warning
    assert box.recipients == [["eva@example.com"]]


def test_no_server_at_all():
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    with pytest.raises(NotTold, match=f"mail server localhost:{port} did not answer: Connection refused"):
        send(MailBox(port=port))


def hook(requests: Requests, **more: Any) -> None:
    post(Secret(requests.url.encode() + b"\n"), {"text": "3 €"}, message_id="id-1", at=NOW, **more)


def test_a_body_arrives_signed():
    with webhook_server() as requests:
        hook(requests, signature=Secret(b"shared"))
    headers, raw = requests.headers[0], requests.raw[0]
    assert requests.bodies == [{"text": "3 €"}]
    stamp = headers["X-MLConnector-Timestamp"]
    assert datetime.fromtimestamp(int(stamp), UTC) == NOW
    expected = hmac.new(b"shared", stamp.encode() + b"." + raw, hashlib.sha256).hexdigest()
    assert headers["X-MLConnector-Signature"] == f"sha256={expected}"
    assert headers["X-MLConnector-Message"] == "id-1"


@pytest.mark.parametrize(
    ("status", "headers", "waits"),
    [
        (429, {"Retry-After": "90"}, timedelta(seconds=90)),
        (503, {"Retry-After": "Sun, 01 Mar 2026 12:10:00 GMT"}, timedelta(minutes=10)),
        (500, {}, None),
        (404, {"Retry-After": "soon"}, None),
        (301, {"Location": "http://127.0.0.1:1/elsewhere"}, None),
    ],
)
def test_what_an_answer_means(status: int, headers: dict[str, str], waits: timedelta | None):
    with webhook_server() as requests:
        requests.answers.append((status, headers))
        with pytest.raises(NotTold, match=rf"127\.0\.0\.1 answered {status}") as caught:
            hook(requests)
    assert caught.value.not_before == waits
    assert caught.value.mend
    assert "token-in-the-path" not in str(caught.value)


def test_the_address_is_never_told():
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    with pytest.raises(NotTold, match=r"127\.0\.0\.1 did not answer") as caught:
        hook(Requests(port=port))
    assert "token-in-the-path" not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("value", [b"hooks.example.com/abc", b"ftp://example.com", b"http://", b"x"])
def test_a_secret_that_is_no_address(value: bytes):
    with pytest.raises(CredentialsError, match="is no address") as caught:
        post(Secret(value), {}, message_id="x", at=NOW)
    assert value.decode() not in str(caught.value)
