"""Plain-text mail over SMTP."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Literal

from mlconnector_assets.exchange.notice import PATIENCE, NotTold, Revealing

PORTS = {"starttls": 587, "tls": 465, "none": 25}


@dataclass(frozen=True)
class MailServer:
    """How mail leaves. `port` None is the usual one of `security`; `user` None does not log in."""

    host: str
    sender: str
    recipients: Sequence[str]
    security: Literal["starttls", "tls", "none"] = "starttls"
    port: int | None = None
    user: str | None = None
    password: Revealing | None = None

    @property
    def place(self) -> str:
        """The server, for messages."""
        return f"mail server {self.host}:{self.port or PORTS[self.security]}"


def send_mail(server: MailServer, *, subject: str, text: str, message_id: str, at: datetime) -> str | None:
    """Send one mail to every recipient. Returns what is wrong with some of them, if the others have it.

    The same `message_id` lets a mail system drop a second copy.

    Raises NotTold; what the server answered is in it, never the password.
    """
    mail = EmailMessage()
    mail["From"], mail["To"] = server.sender, ", ".join(server.recipients)
    mail["Subject"] = " ".join(subject.split())
    mail["Date"], mail["Message-ID"] = format_datetime(at), f"<{message_id}@{server.sender.partition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(text)
    try:
        with _connected(server) as session:
            if server.user and server.password:
                session.login(server.user, server.password.reveal())
            refused = session.send_message(mail)
    except smtplib.SMTPAuthenticationError as error:
        raise _not_told(server, f"refused the login of {server.user} ({error.smtp_code})", "store the right password") from None
    except smtplib.SMTPRecipientsRefused as error:
        raise _not_told(server, _refusals(error.recipients), "correct `to:` in connections.yaml") from None
    except smtplib.SMTPNotSupportedError:
        raise _not_told(
            server, f"does not offer what `security: {server.security}` and a login need", "correct `security:` and `port:`"
        ) from None
    except smtplib.SMTPResponseException as error:
        raise _not_told(server, f"refused: {error.smtp_code} {_text(error.smtp_error)}", "see what the answer says") from None
    except ssl.SSLError as error:
        mend = "correct `security:` and `port:`; a private authority is trusted when SSL_CERT_FILE names its certificate"
        raise _not_told(server, f"no TLS: {error.reason or type(error).__name__}", mend) from None
    except (OSError, smtplib.SMTPException) as error:
        said = getattr(error, "strerror", None) or type(error).__name__
        raise _not_told(server, f"did not answer: {said}", "see that the server runs and can be reached from here") from None
    return f"the {server.place} {_refusals(refused)}" if refused else None


def _connected(server: MailServer) -> smtplib.SMTP:
    port = server.port or PORTS[server.security]
    if server.security == "tls":
        return smtplib.SMTP_SSL(server.host, port, timeout=PATIENCE, context=ssl.create_default_context())
    session = smtplib.SMTP(server.host, port, timeout=PATIENCE)
    if server.security == "starttls":
        try:
            session.starttls(context=ssl.create_default_context())
        except BaseException:
            session.close()
            raise
    return session


def _refusals(recipients: dict[str, tuple[int, bytes]]) -> str:
    return "refused " + ", ".join(f"{address} ({code} {_text(said)})" for address, (code, said) in recipients.items())


def _text(answer: bytes | str) -> str:
    text = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
    return " ".join(text.split())[:200]


def _not_told(server: MailServer, what: str, mend: str) -> NotTold:
    return NotTold(f"the {server.place} {what}", where=f"mail to {', '.join(server.recipients)}", mend=mend)
