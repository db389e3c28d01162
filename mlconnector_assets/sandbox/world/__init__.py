"""The seeded group of companies: catalog, parties, bookkeeping, and what people do in the books."""
