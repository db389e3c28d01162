"""Single faults in otherwise valid messages, and what each is: the table of what the reader must refuse.

A row: the message, the change of its segments, and the faults as `KIND position[.element[.component]]`, positions counted from
ST or UNH as 1. Counts and references are mended after a change, so that nothing else is wrong."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

Change = Callable[[list[str]], list[str]]


def _replaced(old: str, new: str, segments: list[str]) -> list[str]:
    place = next(number for number, segment in enumerate(segments) if old in segment)
    return [*segments[:place], segments[place].replace(old, new, 1), *segments[place + 1 :]]


def _dropped(start: str, segments: list[str]) -> list[str]:
    place = next(number for number, segment in enumerate(segments) if segment.startswith(start))
    return segments[:place] + segments[place + 1 :]


def _inserted(start: str, new: tuple[str, ...], segments: list[str]) -> list[str]:
    place = next(number for number, segment in enumerate(segments) if segment.startswith(start))
    return [*segments[: place + 1], *new, *segments[place + 1 :]]


def to(old: str, new: str) -> Change:
    """The first segment with a text has another one there."""
    return partial(_replaced, old, new)


def without(start: str) -> Change:
    """The first segment that begins so is left out."""
    return partial(_dropped, start)


def after(start: str, *new: str) -> Change:
    """Behind the first segment that begins so stand further ones."""
    return partial(_inserted, start, new)


MUTATIONS: tuple[tuple[str, Change, str], ...] = (
    # 810: segments
    ("810", without("BIG"), "MISSING_SEGMENT 2"),
    ("810", without("TDS"), "MISSING_SEGMENT 16"),
    ("810", after("BIG", "ABC*1"), "UNKNOWN_SEGMENT 3"),
    ("810", after("BIG", "ZZ*1"), "UNKNOWN_SEGMENT 3"),
    ("810", after("BIG", "BEG*00*SA*1**20261101"), "FOREIGN_SEGMENT 3"),
    ("810", after("TDS", "BIG*20261101*2"), "MISPLACED_SEGMENT 15"),
    ("810", after("TDS", "REF*VR*1"), "MISPLACED_SEGMENT 15"),
    ("810", after("CTT", "TXI*ST*1"), "MISPLACED_SEGMENT 18"),
    ("810", after("BIG", "N3*STREET"), "UNEXPECTED_SEGMENT 3"),
    ("810", after("CUR", "CUR*SE*USD"), "TOO_MANY_SEGMENTS 4"),
    ("810", after("TDS", "TDS*16650"), "TOO_MANY_SEGMENTS 15"),
    ("810", after("REF", *["REF*VR*V1"] * 12), "TOO_MANY_SEGMENTS 16"),
    ("810", after("N3", "N3*A", "N3*B"), "TOO_MANY_SEGMENTS 8"),
    ("810", after("N1*ST", *["N1*ST*STORE"] * 199), "TOO_MANY_LOOPS 207"),
    ("810", after("IT1*1", *["QTY*01*1"] * 6), "TOO_MANY_SEGMENTS 17"),
    # 810: elements
    ("810", to("BIG*20261101", "BIG*"), "MISSING 2.1"),
    ("810", to("*INV0000001*", "**"), "MISSING 2.2"),
    ("810", to("BIG*20261101", "BIG*20261301"), "DATE 2.1"),
    ("810", to("BIG*20261101", "BIG*20260230"), "DATE 2.1"),
    ("810", to("BIG*20261101", "BIG*00001101"), "DATE 2.1"),
    ("810", to("BIG*20261101", "BIG*2026-1-1"), "DATE 2.1"),
    ("810", to("BIG*20261101", "BIG*261101"), "TOO_SHORT 2.1"),
    ("810", to("BIG*20261101", "BIG*202611010000"), "TOO_LONG 2.1"),
    ("810", to("INV0000001", "I" * 23), "TOO_LONG 2.2"),
    ("810", to("***DI", "***D"), "TOO_SHORT 2.7"),
    ("810", to("***DI", "***DI*0"), "TOO_SHORT 2.8"),
    ("810", to("***DI", "***DI*******X"), "TOO_MANY_ELEMENTS 2.14"),
    ("810", to("CUR*SE*USD", "CUR*SE*US"), "TOO_SHORT 3.2"),
    ("810", to("CUR*SE*USD", "CUR*SE*USDX"), "TOO_LONG 3.2"),
    ("810", to("REF*VR*V00001", "REF*VR"), "CONDITION 4.2"),
    ("810", to("REF*VR*V00001", "REF*VR*V>1"), "TOO_MANY_COMPONENTS 4.2.2"),
    ("810", to("REF*VR*V00001", "REF*V*V1"), "TOO_SHORT 4.1"),
    ("810", to("REF*VR*V00001", "REF*VR*V\x01"), "CHARACTER 4.2"),
    ("810", to("N1*RE*ACME CORPORATION*92*0001", "N1*RE*ACME*92"), "CONDITION 5.4"),
    ("810", to("N1*RE*ACME CORPORATION*92*0001", "N1*RE*ACME**0001"), "CONDITION 5.3"),
    ("810", to("N1*RE*ACME CORPORATION*92*0001", "N1*RE"), "CONDITION 5.2"),
    ("810", to("N1*RE*ACME", "N1**ACME"), "MISSING 5.1"),
    ("810", to("N3*100 MAIN STREET", "N3"), "MISSING 6.1"),
    ("810", to("N3*100 MAIN STREET", "N3*" + "S" * 56), "TOO_LONG 6.1"),
    ("810", to("*IL*62701*US", "*IL*62701*US**X"), "CONDITION 7.5"),
    ("810", to("ITD*01*3*2", "ITD*01*3*2,5"), "CHARACTER 9.3"),
    ("810", to("ITD*01*3*2", "ITD*01*3*+2"), "CHARACTER 9.3"),
    ("810", to("**10**30", "**TEN**30"), "CHARACTER 9.5"),
    ("810", to("DTM*011*20261101", "DTM*011"), "CONDITION 10.2"),
    ("810", to("DTM*011*20261101", "DTM*011**2500"), "TIME 10.3"),
    ("810", to("DTM*011*20261101", "DTM*011*20261101*1260"), "TIME 10.3"),
    ("810", to("DTM*011*20261101", "DTM*011*20261101*12A0"), "TIME 10.3"),
    ("810", to("DTM*011*20261101", "DTM*011*20261101*120"), "TOO_SHORT 10.3"),
    ("810", to("IT1*1*12*", "IT1*1*1e5*"), "CHARACTER 11.2"),
    ("810", to("IT1*1*12*", "IT1*1*TWELVE*"), "CHARACTER 11.2"),
    ("810", to("IT1*1*12*", "IT1*1*--12*"), "CHARACTER 11.2"),
    ("810", to("IT1*1*12*", "IT1*1*12345678901*"), "TOO_LONG 11.2"),
    ("810", to("EA*10.50*", "EA*10.*"), "CHARACTER 11.4"),
    ("810", to("EA*10.50*", "EA*.*"), "CHARACTER 11.4"),
    ("810", to("IT1*1*12*EA*", "IT1*1*12*E*"), "TOO_SHORT 11.3"),
    ("810", to("*BP*B00001*", "*BP**"), "CONDITION 11.7"),
    ("810", to("PID*F****BOLT NUT", "PID*F"), "CONDITION 12.4"),
    ("810", to("PID*F", "PID*"), "MISSING 12.1"),
    ("810", to("TDS*16650", "TDS*166.50"), "CHARACTER 14.1"),
    ("810", to("TDS*16650", "TDS*"), "MISSING 14.1"),
    ("810", to("TDS*16650", "TDS*1234567890123456"), "TOO_LONG 14.1"),
    ("810", to("SAC*C*D240", "SAC**D240"), "MISSING 16.1"),
    ("810", to("CTT*2", "CTT*3"), "TOTAL 17.1"),
    ("810", to("CTT*2", "CTT*1"), "TOTAL 17.1"),
    ("810", to("CTT*2", "CTT"), "MISSING 17.1"),
    ("810", to("CTT*2", "CTT*2*A"), "CHARACTER 17.2"),
    ("810", to("CTT*2", "CTT*2**100"), "CONDITION 17.4"),
    # 850
    ("850", without("BEG"), "MISSING_SEGMENT 2"),
    ("850", without("PO1*1"), "MISPLACED_SEGMENT 10"),
    ("850", to("BEG*00", "BEG*"), "MISSING 2.1"),
    ("850", to("*SA*", "**"), "MISSING 2.2"),
    ("850", to("PO100001**", "**"), "MISSING 2.3"),
    ("850", to("**20261101", "**20261131"), "DATE 2.5"),
    ("850", to("PO1*1*120*EA", "PO1*1*120*EACH"), "TOO_LONG 10.3"),
    ("850", to("CB*065322-117", "CB*"), "CONDITION 10.7"),
    ("850", to("CTT*2", "CTT*4"), "TOTAL 13.1"),
    ("850", after("CTT", "PO1*3*1*EA*1"), "MISPLACED_SEGMENT 14"),
    ("850", after("CUR", "CUR*BY*USD"), "TOO_MANY_SEGMENTS 4"),
    ("850", to("AMT*TT*4143.80", "AMT*TT"), "MISSING 14.2"),
    ("850", after("BEG", "TDS*100"), "FOREIGN_SEGMENT 3"),
    # 820
    ("820", without("BPR"), "MISSING_SEGMENT 2"),
    ("820", to("BPR*I*1500.00", "BPR*I*1500.01"), "TOTAL 2.2"),
    ("820", to("BPR*I*1500.00", "BPR*I*-1500.00"), "TOTAL 2.2"),
    ("820", to("BPR*I*1500.00", "BPR*I*"), "MISSING 2.2"),
    ("820", to("BPR*I*", "BPR**"), "MISSING 2.1"),
    ("820", to("*1500.00*C*", "*1500.00*CR*"), "TOO_LONG 2.3"),
    ("820", to("RMR*IV*INV0000002**700.00", "RMR*IV*INV0000002**800.00"), "TOTAL 2.2"),
    ("820", without("RMR*CM"), "TOTAL 2.2"),
    ("820", to("RMR*IV*INV0000001", "RMR*IV*"), "CONDITION 9.2"),
    ("820", to("**1000.00*", "**1.000,00*"), "CHARACTER 9.4"),
    ("820", to("TRN*1*PAY0001", "TRN*1"), "MISSING 3.2"),
    ("820", after("TRN", "TRN*1*PAY0002"), "TOO_MANY_SEGMENTS 4"),
    ("820", after("N1*PE", "RMR*IV*INV3**1.00"), "UNEXPECTED_SEGMENT 8"),
    ("820", after("RMR*CM", "CUR*PR*USD"), "MISPLACED_SEGMENT 13"),
    # 997
    ("997", without("AK1"), "MISSING_SEGMENT 2"),
    ("997", without("AK9"), "MISSING_SEGMENT 9"),
    ("997", without("AK5*R"), "MISSING_SEGMENT 6"),
    ("997", to("AK1*IN*901", "AK1*IN*A1"), "CHARACTER 2.2"),
    ("997", to("AK3*N1*5", "AK3**5"), "MISSING 4.1"),
    ("997", to("AK4*2*93*1", "AK4**93*1"), "MISSING 5.1"),
    ("997", to("AK5*R", "AK5*Q"), "CODE 6.1"),
    ("997", to("AK9*P*2*2*1", "AK9*P*2*2"), "MISSING 9.4"),
    ("997", to("AK9*P", "AK9*Z"), "CODE 9.1"),
    ("997", after("AK9", "AK2*810*0003"), "MISPLACED_SEGMENT 10"),
    # INVOIC
    ("INVOIC", without("BGM"), "MISSING_SEGMENT 2"),
    ("INVOIC", without("UNS"), "MISSING_SEGMENT 23"),
    ("INVOIC", after("BGM", "ABC+1"), "UNKNOWN_SEGMENT 3"),
    ("INVOIC", after("BGM", "UCI+1"), "FOREIGN_SEGMENT 3"),
    ("INVOIC", after("UNS", "RFF+ON:1"), "MISPLACED_SEGMENT 24"),
    ("INVOIC", after("BGM", "QTY+47:1"), "UNEXPECTED_SEGMENT 3"),
    ("INVOIC", after("CNT", "LIN+3"), "MISPLACED_SEGMENT 25"),
    ("INVOIC", after("BGM", *["DTM+137:20261101:102"] * 35), "TOO_MANY_SEGMENTS 38"),
    ("INVOIC", after("UNS", "UNS+S"), "TOO_MANY_SEGMENTS 24"),
    ("INVOIC", to("MOA+203:126.00", "MOA+203:126.00:::A:B"), "TOO_MANY_COMPONENTS 16.1.6"),
    ("INVOIC", to("BGM+380+INV0000001+9", "BGM+380+INV0000001+9+AB+X"), "TOO_MANY_ELEMENTS 2.5"),
    ("INVOIC", to("BGM+380+INV0000001", "BGM+3800+INV0000001"), "TOO_LONG 2.1.1"),
    ("INVOIC", to("INV0000001", "I" * 36), "TOO_LONG 2.2"),
    ("INVOIC", to("DTM+137:20261101:102", "DTM"), "MISSING 3.1"),
    ("INVOIC", to("DTM+137:20261101:102", "DTM+:20261101:102"), "MISSING 3.1.1"),
    ("INVOIC", to("DTM+137:20261101:102", "DTM+137:20261301:102"), "DATE 3.1.2"),
    ("INVOIC", to("DTM+137:20261101:102", "DTM+137:20260229:102"), "DATE 3.1.2"),
    ("INVOIC", to("DTM+137:20261101:102", "DTM+137:261101:102"), "DATE 3.1.2"),
    ("INVOIC", to("DTM+137:20261101:102", "DTM+137:202611012460:203"), "DATE 3.1.2"),
    ("INVOIC", to("DTM+137:20261101:102", "DTM+137:20261101:101"), "DATE 3.1.2"),
    ("INVOIC", to("DTM+137:20261101:102", "DTM+137:20261101-20261301:718"), "DATE 3.1.2"),
    ("INVOIC", to("NAD+BY", "NAD+"), "MISSING 6.1"),
    ("INVOIC", to("NAD+BY", "NAD+BUYER"), "TOO_LONG 6.1"),
    ("INVOIC", to("+KOELN+", "+" + "K" * 36 + "+"), "TOO_LONG 6.6"),
    ("INVOIC", to("+KOELN+", "+KO\x02LN+"), "CHARACTER 6.6"),
    ("INVOIC", to("CUX+2:EUR:4", "CUX+2:EURO:4"), "TOO_LONG 9.1.2"),
    ("INVOIC", to("PAT+1++5", "PAT+++5"), "MISSING 10.1"),
    ("INVOIC", to("5:3:D:30", "5:3:D:A"), "CHARACTER 10.3.4"),
    ("INVOIC", to("LIN+1+", "LIN+A+"), "CHARACTER 12.1"),
    ("INVOIC", to("QTY+47:12:PCE", "QTY+47"), "MISSING 15.1.2"),
    ("INVOIC", to("QTY+47:12:PCE", "QTY+47:1 2:PCE"), "CHARACTER 15.1.2"),
    ("INVOIC", to("QTY+47:12:PCE", "QTY+47:12:PCES"), "TOO_LONG 15.1.3"),
    ("INVOIC", to("MOA+203:126.00", "MOA+203:126,00"), "CHARACTER 16.1.2"),
    ("INVOIC", to("MOA+203:126.00", "MOA+203:.5"), "CHARACTER 16.1.2"),
    ("INVOIC", to("MOA+203:126.00", "MOA+203:" + "9" * 19), "TOO_LONG 16.1.2"),
    ("INVOIC", to("UNS+S", "UNS+X"), "CODE 23.1"),
    ("INVOIC", to("CNT+2:2", "CNT+2:3"), "TOTAL 24.1.2"),
    ("INVOIC", to("CNT+2:2", "CNT+2"), "MISSING 24.1.2"),
    ("INVOIC", to("MOA+79:147.75", "MOA+79:157.75"), "TOTAL 25.1.2"),
    ("INVOIC", to("MOA+203:126.00", "MOA+203:26.00"), "TOTAL 25.1.2"),
    # ORDERS
    ("ORDERS", without("BGM"), "MISSING_SEGMENT 2"),
    ("ORDERS", without("DTM"), "MISSING_SEGMENT 3"),
    ("ORDERS", to("CNT+2:2", "CNT+2:1"), "TOTAL 14.1.2"),
    ("ORDERS", after("BGM", "DOC+380"), "UNEXPECTED_SEGMENT 3"),
    ("ORDERS", to("QTY+21:12:PCE", "QTY+:12"), "MISSING 8.1.1"),
    # REMADV
    ("REMADV", after("CUX", "MOA+12:1"), "UNEXPECTED_SEGMENT 8"),
    ("REMADV", without("MOA+12:1000"), "MISSING_SEGMENT 9"),
    ("REMADV", to("MOA+12:1700.00", "MOA+12:1700.01"), "TOTAL 14.1.2"),
    ("REMADV", to("DOC+380", "DOC+"), "MISSING 8.1"),
    ("REMADV", to("MOA+12:700.00", "MOA+12:-700.00"), "TOTAL 14.1.2"),
    ("REMADV", without("UNS"), "MISSING_SEGMENT 14, MISSING_SEGMENT 14"),
    # CONTRL
    ("CONTRL", without("UCI"), "MISSING_SEGMENT 2"),
    ("CONTRL", to("+7", "+9"), "CODE 2.4"),
    ("CONTRL", to("IC901+", "+"), "MISSING 2.1"),
    ("CONTRL", to("UCS+5", "UCS+FIVE"), "CHARACTER 4.1"),
    ("CONTRL", to("UCS+5", "UCS"), "MISSING 4.1"),
    ("CONTRL", to("UCD+13+2:1", "UCD+13"), "MISSING 5.2"),
    ("CONTRL", to("UCD+13+2:1", "UCD+13+A:1"), "CHARACTER 5.2.1"),
    ("CONTRL", after("UCI", "UCD+13+2:1"), "UNEXPECTED_SEGMENT 3"),
)
