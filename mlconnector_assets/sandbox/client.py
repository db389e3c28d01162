"""The control interface from the other side: what tests, the demo and people use to change the sandbox
and to break it."""

from __future__ import annotations

import base64
from datetime import date, datetime, timedelta

import httpx

from mlconnector_assets.errors import SourceError
from mlconnector_assets.sandbox.values import Row, Value


class ControlClient:
    """Talks to a running sandbox over HTTP."""

    def __init__(self, url: str, api_key: str) -> None:
        self._http = httpx.Client(
            base_url=url,
            headers={"Authorization": f"bearer {api_key}", "X-Odoo-Database": "sandbox"},
            timeout=60,
            trust_env=False,
        )

    def fault(self, kind: str, times: int | None = 1, **options: Value) -> int:
        """Arm a fault (see faults.KINDS) for `times` strikes, None = until cleared; answers its id."""
        return int(self._do("fault", kind=kind, times=times, **options)["id"])

    def clear(self, kind: str | None = None) -> None:
        """Disarm the faults of a kind, or all."""
        self._do("clear", kind=kind)

    def faults(self) -> list[Row]:
        """The armed faults with how often they still strike."""
        return list(self._do("faults")["faults"])

    def post_invoice(self, **details: Value) -> Row:
        """Post a new document now; answers `id` and `name`.

        `details`: move_type, company, partner, day (ISO), lines ([{name, quantity, price, taxed,
        kind}]), ref, terms, currency, rate; and for each change: `at` (ISO, its stamp), `hold=True` (commits when told)
        or `after` (seconds until it commits).
        """
        return self.change("post_invoice", **details)

    def draft_invoice(self, **details: Value) -> Row:
        """Type in a document and leave it in draft; details as for `post_invoice`."""
        return self.change("draft_invoice", **details)

    def pay(self, move: int, amount: str | None = None, **timing: Value) -> Row:
        """Register a payment of `amount` (document currency), or of all that is open."""
        return self.change("pay", id=move, amount=amount, **timing)

    def cancel(self, move: int, **timing: Value) -> Row:
        """Cancel a document."""
        return self.change("cancel", id=move, **timing)

    def credit_note(self, move: int, share: str = "100", **timing: Value) -> Row:
        """Post a credit note over `share` percent of a document."""
        return self.change("credit_note", id=move, share=share, **timing)

    def change_partner(self, partner: int, values: Row, **timing: Value) -> Row:
        """Change a customer's or vendor's fields."""
        return self.change("change_partner", id=partner, values=values, **timing)

    def create(self, model: str, values: Row, **timing: Value) -> int:
        """Add a plain record of any model; nothing else is written."""
        return int(self.change("create", model=model, values=values, **timing)["id"])

    def new_position(self, employee: int, day: date, values: Row, **timing: Value) -> int:
        """Give an employee another position from `day` on; that moves no employee. Answers the id of the version."""
        return int(self.change("new_position", id=employee, day=day.isoformat(), values=values, **timing)["id"])

    def write(self, model: str, ids: list[int], values: Row | None = None, **timing: Value) -> Row:
        """Write stored values as they are, sense or no sense; without values only write_date moves."""
        return self.change("write", model=model, ids=ids, values=values or {}, **timing)

    def delete(self, move: int) -> None:
        """Remove a document without a trace."""
        self.change("delete", id=move)

    def change(self, change: str, **arguments: Value) -> Row:
        """Value change by name."""
        return self._do("change", change=change, **arguments)

    def commit(self) -> int:
        """Make all held changes visible; answers how many."""
        return int(self._do("commit")["committed"])

    def now(self) -> datetime:
        """The sandbox's present instant, UTC."""
        return datetime.fromisoformat(self._do("clock")["now"])

    def set_clock(self, now: datetime, *, running: bool = True) -> None:
        """Make it `now`, and let time run on from there or stand still."""
        self._do("clock", now=now.isoformat(), running=running)

    def advance(self, step: timedelta) -> datetime:
        """Move the clock by `step`; answers the new instant."""
        return datetime.fromisoformat(self._do("clock", advance=step.total_seconds())["now"])

    def reset_clock(self) -> None:
        """Back to real time."""
        self._do("clock", reset=True)

    def set_version(self, version: int) -> None:
        """Be an Odoo 17, 18 or 19; the older two answer over XML-RPC only."""
        self._do("version", version=version)

    def change_host_keys(self) -> None:
        """Restart the SFTP server with new host keys; a `Sandbox` started before still names the old ones."""
        self._do("change_host_keys")

    def put_file(self, partner: str, path: str, content: bytes = b"", *, raw_name: bytes | None = None) -> None:
        """Put a file into a partner's folder, under any bytes as its name when `raw_name` is given."""
        raw = base64.b64encode(raw_name).decode() if raw_name else None
        self._do("put_file", partner=partner, path=path, content=base64.b64encode(content).decode(), raw_name=raw)

    def call(self, model: str, method: str, **arguments: Value) -> Value:
        """A JSON-2 call, for looking at what the books hold. Raises SourceError for an error answer."""
        response = self._http.post(f"/json/2/{model}/{method}", json=arguments)
        if response.status_code != 200:
            raise SourceError(f"HTTP {response.status_code}", where=f"{model}/{method}")
        return response.json()

    def close(self) -> None:
        """Release connections."""
        self._http.close()

    def _do(self, name: str, **arguments: Value) -> Row:
        response = self._http.post("/sandbox/control", json={"do": name, **arguments})
        answer: Row = response.json()
        if response.status_code != 200:
            raise SourceError(f"the sandbox refused: {answer.get('error')}", where=f"sandbox control {name}")
        return answer
