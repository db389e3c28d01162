"""Valid messages of every type that we read, and files of them, for tests of reading."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO

from mlconnector_assets.formats.edi.interchange import Interchange
from mlconnector_assets.formats.edi.reading import Batch, Report, read
from mlconnector_assets.formats.edifact.standard import Edifact
from mlconnector_assets.formats.x12.standard import X12

STANDARDS = (X12(), Edifact())
GROUPS = {"810": "IN", "850": "PO", "820": "RA", "997": "FA"}

X12_MESSAGES = {
    "810": """BIG*20261101*INV0000001*20261001*PO100001***DI
CUR*SE*USD
REF*VR*V00001
N1*RE*ACME CORPORATION*92*0001
N3*100 MAIN STREET
N4*SPRINGFIELD*IL*62701*US
N1*ST*STORE 0001*92*0001
ITD*01*3*2**10**30
DTM*011*20261101
IT1*1*12*EA*10.50**BP*B00001*VP*V00001
PID*F****BOLT NUT
IT1*2*3*EA*7.25**BP*B00002*VP*V00002
TDS*16650
TXI*ST*5.25
SAC*C*D240***1350
CTT*2""",
    "850": """BEG*00*SA*PO100001**20261101
CUR*BY*USD
REF*DP*038
DTM*002*20261214
N1*BT*BUYER*92*0001
N1*ST*STORE 0001*92*0002
N3*31875 SOLON RD
N4*SOLON*OH*44139*US
PO1*1*120*EA*9.25*TE*CB*065322-117*VN*AB3542
PID*F****SMALL WIDGET
PO1*2*220*EA*13.79*TE*CB*066850-116*VN*RD5322
CTT*2
AMT*TT*4143.80""",
    "820": """BPR*I*1500.00*C*ACH************20261101
TRN*1*PAY0001
CUR*PR*USD
DTM*097*20261101
N1*PR*PAYER*92*0001
N1*PE*PAYEE*92*0002
ENT*1
RMR*IV*INV0000001**1000.00*1010.00*10.00
DTM*003*20261001
RMR*IV*INV0000002**700.00
RMR*CM*CR0000001**-200.00""",
    "997": """AK1*IN*901
AK2*810*000000001
AK3*N1*5**8
AK4*2*93*1*BAD
AK5*R*5
AK2*810*000000002
AK5*A
AK9*P*2*2*1""",
}
EDIFACT_MESSAGES = {
    "INVOIC": """BGM+380+INV0000001+9
DTM+137:20261101:102
RFF+ON:PO100001
DTM+171:20261001:102
NAD+BY+4012345500004::9++BUYER GMBH+HAUPTSTR 1+KOELN++50667+DE
RFF+VA:DE123456789
NAD+SU+5412345000013::9++O?'BRIEN ?+ SONS NV+KERKSTRAAT 5+GENT++9000+BE
CUX+2:EUR:4
PAT+1++5:3:D:30
DTM+13:20261231:102
LIN+1++4012345000016:EN
PIA+1+V00001:SA
IMD+F++:::BOLT NUT
QTY+47:12:PCE
MOA+203:126.00
PRI+AAA:10.50
TAX+7+VAT+++:::21+S
LIN+2++4012345000023:EN
QTY+47:3:PCE
MOA+203:21.75
PRI+AAA:7.25
UNS+S
CNT+2:2
MOA+79:147.75
MOA+124:31.03
MOA+77:178.78
TAX+7+VAT+++:::21+S
MOA+124:31.03""",
    "ORDERS": """BGM+220+PO100001+9
DTM+137:20261101:102
NAD+BY+4012345500004::9
NAD+SU+5412345000013::9
CUX+2:EUR:9
LIN+1++4012345000016:EN
QTY+21:12:PCE
MOA+203:126.00
PRI+AAA:10.50
LIN+2++4012345000023:EN
QTY+21:3:PCE
UNS+S
CNT+2:2""",
    "REMADV": """BGM+481+PAY0001+9
DTM+137:20261101:102
RFF+PQ:PAY0001
NAD+PR+5412345000013::9
NAD+PE+4012345500004::9
CUX+2:EUR:11
DOC+380+INV0000001
MOA+12:1000.00
DTM+171:20261001:102
DOC+380+INV0000002
MOA+12:700.00
UNS+S
MOA+12:1700.00""",
    "CONTRL": """UCI+IC901+5412345000013:14+4012345500004:14+7
UCM+ME000001+INVOIC:D:96A:UN+4
UCS+5
UCD+13+2:1""",
}
MESSAGES = X12_MESSAGES | EDIFACT_MESSAGES


@dataclass(frozen=True)
class X12File:
    """One group in one interchange, in parts that a test may replace. `body` holds segments without terminators."""

    body: tuple[str, ...]
    kind: str = "IN"
    version: str = "004010"
    isa: str = "ISA*00*          *00*          *ZZ*ACMECORP       *01*987654321      *261121*0527*U*00401*000000901*0*T*>"
    terminator: str = "~"

    @property
    def segments(self) -> list[str]:
        """All segments."""
        count = sum(segment.startswith("ST*") for segment in self.body)
        return [
            self.isa,
            f"GS*{self.kind}*ACMECORP*987654321*20261121*0527*901*X*{self.version}",
            *self.body,
            f"GE*{count}*901",
            "IEA*1*000000901",
        ]


def x12_message(kind: str, number: int = 1, segments: Sequence[str] | None = None) -> list[str]:
    """A transaction set with its ST and SE."""
    inside = X12_MESSAGES[kind].split("\n") if segments is None else list(segments)
    return [f"ST*{kind}*{number:09d}", *inside, f"SE*{len(inside) + 2}*{number:09d}"]


def x12_file(kind: str = "810", count: int = 1) -> list[str]:
    """The segments of an interchange with some equal transaction sets."""
    body = tuple(segment for number in range(1, count + 1) for segment in x12_message(kind, number))
    return X12File(body, GROUPS[kind]).segments


def edifact_message(kind: str, number: int = 1, segments: Sequence[str] | None = None, version: str = "D:96A:UN") -> list[str]:
    """A message with its UNH and UNT."""
    inside = EDIFACT_MESSAGES[kind].split("\n") if segments is None else list(segments)
    version = "D:3:UN" if kind == "CONTRL" else version
    return [f"UNH+ME{number:06d}+{kind}:{version}", *inside, f"UNT+{len(inside) + 2}+ME{number:06d}"]


def edifact_file(kind: str = "INVOIC", count: int = 1) -> list[str]:
    """The segments of an interchange with some equal messages."""
    body = [segment for number in range(1, count + 1) for segment in edifact_message(kind, number)]
    return [
        "UNB+UNOC:3+5412345000013:14+4012345500004:14+261121:0527+IC901",
        *body,
        f"UNZ+{count}+IC901",
    ]


def file_of(kind: str, count: int = 1) -> list[str]:
    """The segments of an interchange of either standard."""
    return x12_file(kind, count) if kind in X12_MESSAGES else edifact_file(kind, count)


def file_with(kind: str, segments: Sequence[str]) -> list[str]:
    """A file of one valid message and one with these segments, whose counts are right."""
    if kind in X12_MESSAGES:
        return X12File((*x12_message(kind, 1), *x12_message(kind, 2, segments)), GROUPS[kind]).segments
    return [edifact_file(kind)[0], *edifact_message(kind, 1), *edifact_message(kind, 2, segments), "UNZ+2+IC901"]


def encoded(segments: Sequence[str], terminator: str = "", after: str = "") -> bytes:
    """A file's bytes, by default with the terminator that its standard has when nothing else is said."""
    terminator = terminator or ("~" if segments[0].startswith("ISA") else "'")
    return "".join(segment + terminator + after for segment in segments).encode("latin-1")


@dataclass(frozen=True)
class Contents:
    """All that was read of a file: one entry per interchange or message."""

    interchanges: list[Interchange]
    batches: list[Batch]

    @property
    def reports(self) -> list[Report]:
        """Of messages with faults."""
        return [report for batch in self.batches for report in batch.reports]

    @property
    def sound(self) -> list[tuple[str, str]]:
        """Type and reference of messages without faults, in order."""
        return [
            (checked.messages.types[index], checked.references[index])
            for batch in self.batches
            for checked in batch.checked.values()
            for index in checked.sound.tolist()
        ]

    @property
    def wrong(self) -> list[tuple[str, str, str, str]]:
        """Faults of interchanges and groups: where, which, what was expected, what was found."""
        found = []
        for interchange in self.interchanges:
            found += [("interchange", one.fault.name, one.expected, one.found) for one in interchange.wrong]
            for group in interchange.groups:
                found += [("group", one.fault.name, one.expected, one.found) for one in group.wrong]
        return found

    @property
    def rows(self) -> list[list[list[str]]]:
        """All segments, as elements and components."""
        return [batch.tokens.segment(index) for batch in self.batches for index in range(batch.tokens.segments)]


def contents(data: bytes) -> Contents:
    """Everything in a file."""
    batches = list(read(BytesIO(data), STANDARDS))
    interchanges: list[Interchange] = []
    for batch in batches:
        if not any(batch.interchange is one for one in interchanges):
            interchanges.append(batch.interchange)
    return Contents(interchanges, batches)
