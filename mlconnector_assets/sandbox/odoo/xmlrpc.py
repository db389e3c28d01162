"""XML-RPC to the stand-in, which Odoo 19 still serves and older ones have only: login, execute_kw, and faults, always
with HTTP status 200."""

from __future__ import annotations

import json
import xmlrpc.client
from collections.abc import Callable
from xml.parsers.expat import ExpatError

from mlconnector_assets.sandbox.odoo.errors import OdooError
from mlconnector_assets.sandbox.odoo.methods import ON_RECORDS, USER_ID
from mlconnector_assets.sandbox.odoo.older import fault_of
from mlconnector_assets.sandbox.odoo.reading import Json
from mlconnector_assets.sandbox.values import Row, Value

LOGIN = "mlconnector"
XML_TYPE = "text/xml; charset=utf-8"
DENIED = xmlrpc.client.Fault(3, "Access Denied")


def version_info(version: int) -> Row:
    """What `common.version` and `/web/webclient/version_info` answer."""
    return {
        "server_version": f"{version}.0",
        "server_version_info": [version, 0, 0, "final", 0, ""],
        "server_serie": f"{version}.0",
        "protocol_version": 1,
    }


class XmlRpcServer:
    """Answers XML-RPC bodies. `logged_in` tells whether a key is good; `run` carries a call out: model, method, arguments."""

    def __init__(self, database: str, logged_in: Callable[[str], bool], run: Callable[[str, str, Row], Value]) -> None:
        self.database, self.logged_in, self.run = database, logged_in, run

    def answer(self, service: str, body: bytes, version: int) -> bytes:
        """The response's body."""
        try:
            parameters, method = xmlrpc.client.loads(body, use_builtin_types=True)
            result = self._common(method, parameters, version) if service == "common" else self._object(method, parameters)
            text = xmlrpc.client.dumps((_plain(result),), methodresponse=True)
        except OdooError as error:
            text = xmlrpc.client.dumps(xmlrpc.client.Fault(*fault_of(error, version)), methodresponse=True)
        except xmlrpc.client.Fault as fault:
            text = xmlrpc.client.dumps(fault, methodresponse=True)
        except TypeError as error:
            text = xmlrpc.client.dumps(xmlrpc.client.Fault(1, f"TypeError: {error}"), methodresponse=True)
        return text.encode()

    def _common(self, method: str | None, parameters: tuple[Value, ...], version: int) -> Value:
        if method == "version":
            return version_info(version)
        database, login, key, _ = parameters
        self._require_database(database)
        return USER_ID if login == LOGIN and self.logged_in(str(key)) else False

    def _object(self, method: str | None, parameters: tuple[Value, ...]) -> Value:
        database, user, key, model, called, positional, *rest = parameters
        self._require_database(database)
        if user != USER_ID or not self.logged_in(str(key)) or method != "execute_kw":
            raise DENIED
        keywords = dict(rest[0]) if rest else {}
        if positional and called in ON_RECORDS:
            keywords["ids"] = positional[0]
        elif positional:
            raise xmlrpc.client.Fault(1, "TypeError: the stand-in takes keyword arguments only")
        return self.run(str(model), str(called), keywords)

    def _require_database(self, database: Value) -> None:
        if database != self.database:
            raise xmlrpc.client.Fault(
                1,
                'psycopg2.OperationalError: connection to server at "127.0.0.1", port 5432 failed: '
                f'FATAL:  database "{database}" does not exist',
            )


def called_model(body: bytes) -> str | None:
    """The model that a call of `object` names; None when it cannot be told."""
    try:
        parameters, _ = xmlrpc.client.loads(body, use_builtin_types=True)
        return str(parameters[3])
    except (ExpatError, xmlrpc.client.Error, IndexError, ValueError):
        return None


def _plain(result: Value) -> Value:
    return json.loads(result) if isinstance(result, Json) else result
