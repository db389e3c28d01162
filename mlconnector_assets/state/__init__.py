"""Our own books: progress, secrets, leases, documents, deliveries, numbers and audit, in one database.
Belongs here: what must be true after a crash. Functions take a `Connection` first, so that steps can
compose one transaction of them; they know no network, no file format and no Dagster."""
