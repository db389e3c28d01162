"""997 and TA1."""

from mlconnector_assets.formats.edi.acknowledging import Acknowledging
from tests.formats.acknowledging import INVOICE, answered, transaction_set, x12


def test_a_good_group_is_accepted_with_sender_and_receiver_swapped():
    assert answered(x12(transaction_set(*INVOICE), transaction_set(*INVOICE, number="0002"))) == [
        "ISA*00*          *00*          *ZZ*US             *01*123456789      *261128*0905*U*00401*000000007*0*P*>",
        "GS*FA*US*VENDOR*20261128*0905*5*X*004010",
        "ST*997*0001",
        "AK1*IN*41",
        "AK9*A*2*2*2",
        "SE*4*0001",
        "GE*1*5",
        "IEA*1*000000007",
    ]


def test_accepted_sets_are_listed_where_the_partner_wants_it():
    good, bad = transaction_set(*INVOICE), transaction_set("BIG*20261101", *INVOICE[1:], number="0002")
    found = answered(x12(good, bad), Acknowledging(list_accepted=True))
    assert found[3:11] == [
        "AK1*IN*41",
        "AK2*810*0001",
        "AK5*A",
        "AK2*810*0002",
        "AK3*BIG*2**8",
        "AK4*2*76*1",
        "AK5*R*5",
        "AK9*P*2*2*1",
    ]
