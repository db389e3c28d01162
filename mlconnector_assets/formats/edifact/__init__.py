"""UN/EDIFACT (ISO 9735): what it has that X12 has not, or says in another way."""
