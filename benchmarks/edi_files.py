"""X12 and EDIFACT files to measure with: invoices of ten lines, all amounts, counts and references right."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from random import Random

WORDS = (
    "ANCHOR",
    "BASIN",
    "CABLE",
    "DOWEL",
    "ELBOW",
    "FLANGE",
    "GROMMET",
    "HINGE",
    "INLET",
    "JOINT",
    "KNOB",
    "LATCH",
    "MOUNT",
    "NOZZLE",
)
LINES = 10
ISA = f"ISA*00*{'':10}*00*{'':10}*ZZ*{'MLCSUPPLIER':15}*01*{'555000111':15}*261121*0527*U*00401*000000901*0*T*>"


def write_x12(path: Path, invoices: int, *, faulty: int = 0) -> int:
    """An interchange of 810 of version 004010; every so many-th invoice has no total (0: none). The file's bytes."""
    with path.open("w", encoding="ascii", newline="") as file:
        file.write(f"{ISA}~GS*IN*MLCSUPPLIER*555000111*20261121*0527*901*X*004010~")
        for number, inside in enumerate(_invoices(invoices), 1):
            kept = [one for one in inside if not one.startswith("TDS")] if faulty and number % faulty == 0 else inside
            file.write("~".join((f"ST*810*{number:09d}", *kept, f"SE*{len(kept) + 2}*{number:09d}~")))
        file.write(f"GE*{invoices}*901~IEA*1*000000901~")
    return path.stat().st_size


def _invoices(count: int) -> Iterator[list[str]]:
    random = Random(11)
    for number in range(1, count + 1):
        day, total = f"{1 + number % 28:02d}", 1500
        segments = [
            f"BIG*202611{day}*BENCH{number:06d}*202610{day}*ORDER{number:05d}***DI",
            "CUR*SE*USD",
            f"REF*VR*V{number % 500:05d}",
            f"REF*IA*{number % 997:06d}",
            f"N1*RE*SUPPLIER OF PARTS*92*{number % 50:04d}",
            "N3*1 HARBOUR STREET",
            "N4*SPRINGFIELD*IL*62701*US",
            f"N1*ST*WAREHOUSE {number % 300:04d}*92*{number % 300:04d}",
            "N4*CHICAGO*IL*60601*US",
            "ITD*01*3*2**10**30",
            f"DTM*011*202611{day}",
        ]
        for line in range(1, LINES + 1):
            quantity, price = random.randint(1, 500), random.randint(25, 99999)
            total += quantity * price
            ids = f"BP*B{random.randint(1, 99999):05d}*VP*V{random.randint(1, 99999):05d}*UP*{random.randint(10**11, 10**12 - 1)}"
            segments.append(f"IT1*{line}*{quantity}*EA*{price // 100}.{price % 100:02d}**{ids}")
            segments.append("PID*F****" + " ".join(random.choices(WORDS, k=4)))
        yield [*segments, f"TDS*{total}", "SAC*C*D240***1500", f"CTT*{LINES}"]


def write_edifact(path: Path, invoices: int, *, faulty: int = 0) -> int:
    """An interchange of INVOIC of D.96A, with released characters; every so many-th has no UNS. The file's bytes."""
    with path.open("w", encoding="latin-1", newline="") as file:
        file.write("UNA:+.? 'UNB+UNOC:3+5412345000013:14+4012345500004:14+261121:0527+BENCH901'")
        for number, inside in enumerate(_invoics(invoices), 1):
            kept = [one for one in inside if one != "UNS+S"] if faulty and number % faulty == 0 else inside
            head = f"UNH+M{number:07d}+INVOIC:D:96A:UN:EAN008"
            file.write("'".join((head, *kept, f"UNT+{len(kept) + 2}+M{number:07d}'")))
        file.write(f"UNZ+{invoices}+BENCH901'")
    return path.stat().st_size


def _invoics(count: int) -> Iterator[list[str]]:
    random = Random(11)
    for number in range(1, count + 1):
        day, net = f"{1 + number % 28:02d}", 0
        segments = [
            f"BGM+380+BENCH{number:06d}+9",
            f"DTM+137:202611{day}:102",
            f"RFF+ON:ORDER{number:05d}",
            f"DTM+171:202610{day}:102",
            "NAD+BY+4012345500004::9++KAEUFER GMBH+AM HAFEN 1+KOELN++50667+DE",
            "RFF+VA:DE123456789",
            "NAD+SU+5412345000013::9++D?'HONDT ?+ ZONEN NV+KAAI 5+GENT++9000+BE",
            "RFF+VA:BE0123456789",
            "CUX+2:EUR:4",
            "PAT+1++5:3:D:30",
            "DTM+13:20261231:102",
        ]
        for line in range(1, LINES + 1):
            quantity, price = random.randint(1, 500), random.randint(25, 99999)
            net += quantity * price
            segments += [
                f"LIN+{line}++{random.randint(10**12, 10**13 - 1)}:EN",
                f"PIA+1+V{random.randint(1, 99999):05d}:SA",
                "IMD+F++:::" + " ".join(random.choices(WORDS, k=4)),
                f"QTY+47:{quantity}:PCE",
                f"MOA+203:{_cents(quantity * price)}",
                f"PRI+AAA:{_cents(price)}",
                "TAX+7+VAT+++:::21+S",
            ]
        tax = (net * 21 + 50) // 100
        totals = (f"MOA+79:{_cents(net)}", f"MOA+124:{_cents(tax)}", f"MOA+77:{_cents(net + tax)}")
        yield [
            *segments,
            "UNS+S",
            f"CNT+2:{LINES}",
            *totals,
            "TAX+7+VAT+++:::21+S",
            f"MOA+125:{_cents(net)}",
            f"MOA+124:{_cents(tax)}",
        ]


def _cents(amount: int) -> str:
    return f"{amount // 100}.{amount % 100:02d}"
