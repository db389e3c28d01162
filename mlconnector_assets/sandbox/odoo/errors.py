"""How Odoo says no: HTTP status, Python class path, message, and a `debug` text with server paths that
no client may ever show."""

from __future__ import annotations

from mlconnector_assets.sandbox.values import Row, Value

CANARY = "sandbox-traceback-canary"
"""Stands in every `debug` text: if it turns up in a log or a report, a traceback leaked."""

TRACEBACK = f"""Traceback (most recent call last):
  File "/usr/lib/python3/dist-packages/odoo/http.py", line 2141, in _transactioning
    return service_model.retrying(func, env=self.env)
  File "/usr/lib/python3/dist-packages/odoo/addons/{CANARY}/models/dispatch.py", line 77, in dispatch
    result = call(model, method, kwargs)
"""


class OdooError(Exception):
    """An error that Odoo answers as JSON: `status` over HTTP, `name` the class path, `message` for people."""

    def __init__(self, status: int, name: str, message: str, *, headers: dict[str, str] | None = None) -> None:
        self.status, self.name, self.message, self.headers = status, name, message, headers or {}
        super().__init__(message)

    def body(self) -> Row:
        """The JSON body, `debug` included."""
        arguments: list[Value] = [self.message]
        if self.name.startswith("werkzeug."):
            arguments.append(self.status)
        last_line = f"{self.name.removeprefix('builtins.')}: {self.message}"
        return {
            "name": self.name,
            "message": self.message,
            "arguments": arguments,
            "context": {},
            "debug": TRACEBACK + last_line + "\n",
        }


def value_error(message: str) -> OdooError:
    """A client mistake that Odoo answers with 500."""
    return OdooError(500, "builtins.ValueError", message)


def type_error(message: str) -> OdooError:
    """A client mistake that Odoo answers with 500."""
    return OdooError(500, "builtins.TypeError", message)


def access_error(message: str) -> OdooError:
    """A right that is missing: 403."""
    return OdooError(403, "odoo.exceptions.AccessError", message)


def user_error(message: str) -> OdooError:
    """A business rule: 422."""
    return OdooError(422, "odoo.exceptions.UserError", message)


def locked_period() -> OdooError:
    """An entry of a locked period was to change; the date is in the user's language. As an Odoo 19 answered."""
    return user_error("You cannot add/modify entries prior to and inclusive of: Hard Lock Date (12/31/2025).")


def drafts_under_hard_lock() -> OdooError:
    """A warning that offers a button, whose action stands in the further lines. As an Odoo 19 answered."""
    action = "{'view_mode': 'list', 'name': 'Draft Entries', 'res_model': 'account.move', 'domain': [('id', 'in', [136])]}"
    said = "There are still draft entries in the period you want to hard lock. You should either post or delete them."
    return OdooError(500, "odoo.exceptions.RedirectWarning", f"{said}\n{action}\nShow draft entries\nNone")


def unprocessable(message: str) -> OdooError:
    """Wrong arguments of a method: 422."""
    return OdooError(422, "werkzeug.exceptions.UnprocessableEntity", message)


def not_found(message: str) -> OdooError:
    """No such model or method: 404."""
    return OdooError(404, "werkzeug.exceptions.NotFound", message)


def no_model(name: str) -> OdooError:
    """A model that no installed app brings: 404."""
    return not_found(f"the model '{name}' does not exist")


def unauthorized(message: str) -> OdooError:
    """No key, or a wrong one: 401."""
    return OdooError(401, "werkzeug.exceptions.Unauthorized", message, headers={"WWW-Authenticate": "Bearer "})


def missing_record(model: str, record: int) -> OdooError:
    """A record that is not there: 404."""
    message = f"Record does not exist or has been deleted.\n(Record: {model}({record},), User: 7)"
    return OdooError(404, "odoo.exceptions.MissingError", message)


GROUPS = ("Accounting/Administrator", "Accounting/Invoicing", "Show Accounting Features - Readonly")


def not_allowed_on_model(model: str, title: str) -> OdooError:
    """The user has no right on a model, worded as Odoo does, with the groups that have it."""
    groups = "\n".join(f"\t- {group}" for group in GROUPS)
    return access_error(
        f"You are not allowed to access '{title}' ({model}) records.\n\n"
        f"This operation is allowed for the following groups:\n{groups}\n\n"
        "Contact your administrator to request access if necessary."
    )
