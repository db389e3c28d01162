"""Local stand-ins for the systems the connector talks to: an Odoo 19 over JSON-2 with a seeded group of
companies, and an SFTP server with a folder per partner. Both can be told to fail."""

from mlconnector_assets.sandbox.client import ControlClient
from mlconnector_assets.sandbox.launch import Sandbox, start_sandbox
from mlconnector_assets.sandbox.server import SandboxServer, SandboxSettings
from mlconnector_assets.sandbox.world.seed import Scale

__all__ = ["ControlClient", "Sandbox", "SandboxServer", "SandboxSettings", "Scale", "start_sandbox"]
