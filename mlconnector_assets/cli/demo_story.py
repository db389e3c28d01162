"""What happens in the demo between its cycles: what people do in Odoo, at the partners, and with what is held."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mlconnector_assets.cli.options import counted, out

if TYPE_CHECKING:
    from mlconnector_assets.sandbox import ControlClient

LONG_CODE = "V10000-ROTTERDAM"
"""A vendor's code that Atlas, with its eight places, cannot take."""
CONFIRMATION = b'<?xml version="1.0"?>\n<Confirmation><Order>P00001</Order><Accepted>true</Accepted></Confirmation>\n'


def scene(text: str) -> None:
    """Say what is going on."""
    out.print(f"\n[bold]{text}[/]")


def mistype_a_vendor_code(control: ControlClient) -> None:
    """Give the first vendor a code that does not fit everywhere."""
    control.change_partner(_vendors(control)[0], {"ref": LONG_CODE})


def work_a_day(control: ControlClient) -> None:
    """Post an invoice, credit another, register a payment, move a vendor, and change an invoice that has left already."""
    issued = [["move_type", "=", "out_invoice"], ["state", "=", "posted"]]
    credited, paid, amended = control.call("account.move", "search", domain=issued, order="id desc", limit=3)
    bolts = {"name": "Schroefbout M8 × 40, verzinkt", "quantity": 250, "price": "0.34"}
    control.post_invoice(company=1, lines=[bolts, {"name": "Levering", "quantity": 1, "price": "12.50"}])
    control.credit_note(credited, share="25")
    control.pay(paid)
    control.change_partner(_vendors(control)[1], {"street": "Nieuwe Kade 7"})
    control.write("account.move", [amended], {"invoice_date_due": "2027-12-31"})


def send_us_a_file(control: ControlClient) -> None:
    """Play the portal, which puts a file into its folder."""
    control.put_file("portal", f"inbound/CONF_{control.now():%Y%m%d%H%M%S}.xml", CONFIRMATION)


def release_what_is_held(project: Path) -> bool:
    """Play the person who looks at the first files and lets them leave; whether anything was held for that reason."""
    from mlconnector_assets.state import holds
    from mlconnector_assets.steps.holding import decide
    from mlconnector_assets.steps.workspace import open_workspace

    with open_workspace(project) as workspace:
        with workspace.state.reading() as tx:
            waiting = [hold for hold in holds.open(tx) if hold.kind == "first_run"]
        if not waiting:
            return False
        scene("nothing has left yet: the first files for a partner wait for a person")
        for hold in waiting:
            out.print(f"  hold {hold.id}: {hold.partner} {hold.flow}, {counted(hold.documents, 'document')}: {hold.about}")
        ids = [hold.id for hold in waiting]
        reason = "looked through with the partners"
        command = f"mlconnector holds release {' '.join(map(str, ids))} --reason {reason!r}"
        out.print(f"  the demo plays that person: {command}", markup=False)
        decide(workspace, ids, "released", by="demo", reason=reason)
    return True


def _vendors(control: ControlClient) -> list[int]:
    """The first two active vendors, by id."""
    found: list[int] = control.call("res.partner", "search", domain=[["supplier_rank", ">", 0]], order="id asc", limit=2)
    return found
