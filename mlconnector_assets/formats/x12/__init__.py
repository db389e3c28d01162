"""ASC X12: what it has that EDIFACT has not, or says in another way."""
