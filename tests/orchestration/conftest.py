from tests.project import postgres_server, project, sandbox, state_on

__all__ = ["postgres_server", "project", "sandbox", "state_on"]
