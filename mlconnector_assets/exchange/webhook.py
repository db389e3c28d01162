"""A JSON body by HTTP POST, signed if wanted."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from mlconnector_assets.errors import CredentialsError
from mlconnector_assets.exchange.notice import PATIENCE, NotTold, Revealing

TIMESTAMP, SIGNATURE, MESSAGE = "X-MLConnector-Timestamp", "X-MLConnector-Signature", "X-MLConnector-Message"


def post(url: Revealing, body: Mapping[str, Any], *, message_id: str, at: datetime, signature: Revealing | None = None) -> None:
    """Send `body`. The same `message_id` lets a receiver drop a second copy. With `signature`, the receiver can check
    HMAC-SHA-256 over timestamp, a dot, and the bytes of the body.

    Raises NotTold, which names the host and never the address, and CredentialsError when the secret is no address.
    """
    try:
        address = httpx.URL(url.reveal().strip())
    except (httpx.InvalidURL, ValueError):
        address = httpx.URL("")
    if address.scheme not in ("http", "https") or not address.host:
        raise CredentialsError(
            "the secret of a webhook is no address", mend="store it whole, from https:// on, with `mlconnector secrets set NAME`"
        )
    content = json.dumps(body, ensure_ascii=False).encode()
    headers = {"Content-Type": "application/json", "User-Agent": "ml-connector", MESSAGE: message_id}
    if signature is not None:
        stamp = str(int(at.timestamp()))
        digest = hmac.new(signature.reveal().encode(), stamp.encode() + b"." + content, hashlib.sha256).hexdigest()
        headers |= {TIMESTAMP: stamp, SIGNATURE: f"sha256={digest}"}
    where = f"webhook at {address.host}"
    try:
        with httpx.Client(timeout=PATIENCE, trust_env=False, follow_redirects=False) as client:
            answer = client.post(address, content=content, headers=headers)
    except httpx.HTTPError as error:
        # the error's own text may hold the address
        raise NotTold(
            f"{address.host} did not answer ({type(error).__name__})", where=where, mend="see that it can be reached from here"
        ) from None
    if answer.is_success:
        return
    mends = {
        401: "store the address and the signature's secret again",
        403: "store the address and the signature's secret again",
        404: "the address is not valid any more: make a new one there and store it",
        410: "the address is not valid any more: make a new one there and store it",
        429: "nothing to do: it is tried again later",
    }
    mend = mends.get(answer.status_code, "it is tried again; if it goes on, ask whoever runs the receiver")
    raise NotTold(
        f"{address.host} answered {answer.status_code}", where=where, mend=mend, not_before=_retry_after(answer.headers, at)
    )


def _retry_after(headers: httpx.Headers, now: datetime) -> timedelta | None:
    """What Retry-After asks for: seconds, or a date (RFC 9110, 10.2.3)."""
    asked = headers.get("Retry-After", "").strip()
    if asked.isdecimal():
        return timedelta(seconds=min(int(asked), 86_400))
    try:
        return max(parsedate_to_datetime(asked).astimezone(UTC) - now, timedelta())
    except ValueError:
        return None
