"""A system that does not answer is met once a run."""

import pytest

from mlconnector_assets.errors import ConnectorError, Unavailable
from mlconnector_assets.orchestration.outages import met_once
from mlconnector_assets.orchestration.resources import failure


def test_the_other_records_of_a_run_do_not_wait_for_it_as_well() -> None:
    with pytest.raises(Unavailable), met_once("run", "odoo", "invoices"):
        raise Unavailable("odoo cannot be reached", mend="start it")
    words = "not tried, because reading invoices met this: odoo cannot be reached"
    with pytest.raises(ConnectorError, match=words) as raised, met_once("run", "odoo", "vendors"):
        pytest.fail("was tried")
    assert failure(raised.value).allow_retries is False
    with met_once("run", "other", "vendors"):
        pass
    with met_once("next run", "odoo", "vendors"):
        pass


def test_the_step_that_met_it_is_tried_again_and_may_find_it_over() -> None:
    with pytest.raises(Unavailable), met_once("run 2", "odoo", "invoices"):
        raise Unavailable("odoo cannot be reached", mend="start it")
    with met_once("run 2", "odoo", "invoices"):
        pass
    with met_once("run 2", "odoo", "vendors"):
        pass
