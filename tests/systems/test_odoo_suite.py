"""The suite of every system, against the sandbox's Odoo: over JSON-2 as an Odoo 19, over XML-RPC as an Odoo 17."""

from datetime import UTC, datetime, timedelta

import pytest

from mlconnector_assets.sandbox import start_sandbox
from mlconnector_assets.systems.odoo.client import Retry
from mlconnector_assets.systems.odoo.older import NOT_OFFERED
from mlconnector_assets.systems.odoo.source import OdooSource
from mlconnector_assets.systems.odoo.streams import RECORDS
from tests.books import KeptBooks
from tests.systems.odoo_records import Secret
from tests.systems.suite import SourceSuite

FIRST_NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
COMPANIES = {"nl": 1, "us": 2, "uk": 3}
FAULTS = {
    "busy": ("too_many_requests", {"retry_after": 0}),
    "unavailable": ("unavailable", {}),
    "cut": ("cut", {}),
    "wrong_key": ("expired_key", {}),
    "no_rights": ("no_rights", {"model": "account.move"}),
    "not_the_system": ("html", {}),
    "down": ("unavailable", {}),
}


class OdooBooks:
    """The sandbox as the suite's books."""

    documents = "invoices"

    def __init__(self, sandbox, version=19):
        self.sandbox, self.control = sandbox, sandbox.control
        self.records = [record for record in RECORDS if record not in NOT_OFFERED.get(version, {})]

    def source(self, *, page_size=500):
        return OdooSource(
            "odoo",
            url=self.sandbox.odoo_url,
            database=self.sandbox.database,
            api_key=Secret(self.sandbox.api_key),
            user="mlconnector",
            companies=COMPANIES,
            records=self.records,
            page_size=page_size,
            retry=Retry(attempts=3, within=20.0, first_wait=0.001, longest_wait=0.01),
        )

    def now(self):
        return self.control.now()

    def set_now(self, now):
        self.control.set_clock(now, running=False)

    def add(self, count=1, *, at=None):
        stamp = {"at": at.isoformat()} if at else {}
        types = ("in_invoice", "out_invoice", "in_refund", "out_receipt")
        made = [self.control.post_invoice(move_type=types[n % 4], company=1 + n % 3, **stamp)["id"] for n in range(count)]
        return [str(number) for number in made]

    def add_priced(self, lines):
        described = [{"name": "x", "quantity": quantity, "price": price, "taxed": False} for quantity, price in lines]
        return str(self.control.post_invoice(move_type="in_invoice", lines=described)["id"])

    def change(self, document, *, at=None):
        stamp = {"at": at.isoformat()} if at else {}
        self.control.write("account.move", [int(document)], {"narration": "<p>changed</p>"}, **stamp)

    def start_change(self, document, *, at):
        self.control.write("account.move", [int(document)], {"narration": "<p>late</p>"}, at=at.isoformat(), hold=True)

    def start_adding(self, *, at):
        return str(self.control.post_invoice(move_type="in_invoice", at=at.isoformat(), hold=True)["id"])

    def commit(self):
        self.control.commit()

    def spoil(self, document):
        self.control.write("account.move", [int(document)], {"state": "frozen"})

    def unbalance(self, document):
        self.control.write("account.move", [int(document)], {"amount_total": 1_000_000.01})

    def move_while_reading(self):
        self.control.fault("rewrite_rows", times=None, model="account.move", every=1, rows=3)

    def fail_once(self, how):
        kind, options = FAULTS[how]
        self.control.fault(kind, times=1, **options)

    def fail(self, how):
        kind, options = FAULTS[how]
        self.control.fault(kind, times=None, **options)

    def recover(self):
        self.control.clear()


@pytest.fixture(scope="module")
def seeded(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sandbox")
    with start_sandbox(folder, moves=80, vendors=8, customers=6, now=FIRST_NOON) as running:
        yield KeptBooks.of(running, folder / "seeded.db")


@pytest.fixture
def version():
    return 19


@pytest.fixture
def books(seeded, version):
    seeded.bring_back()
    made = OdooBooks(seeded.sandbox, version)
    made.control.set_version(version)
    made.set_now(FIRST_NOON + timedelta(days=7))
    yield made
    made.recover()


class TestOverJson2(SourceSuite):
    pass


class TestOverXmlRpc(SourceSuite):
    """As the oldest Odoo that is read, which differs most."""

    @pytest.fixture
    def version(self):
        return 17
