from tests.project import postgres_server, project, project_on_both, sandbox, state_on, synced, synced_once

__all__ = ["postgres_server", "project", "project_on_both", "sandbox", "state_on", "synced", "synced_once"]
