"""Files in motion: SFTP sessions with partners, and the outbox that delivers what is queued."""
