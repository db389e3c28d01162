"""X12 and EDIFACT: two standards of one kind, segments of elements inside an envelope. What both share is here; what only
one of them has is in `formats.x12` and `formats.edifact`."""
