"""What an expression may contain, decided on its syntax tree: a closed list of operators and functions.

Not on the list, each for a reason measured with Polars 2.1: aggregates and windows (a row may only see
itself), the clock (the same document must render the same bytes tomorrow), anything that yields floats,
`CAST` to numbers (rounds silently), date parts such as `month()` (8-bit integers: `month(d) * 100` wraps;
use `strftime`), `strpos` (answers 1 where nothing is found), and `right` (computes with
whole numbers inside, which the check against wrapping would refuse)."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from mlconnector_assets.layouts.problems import did_you_mean, listed

LONGEST_EXPRESSION = 2_000
WIDEST_PADDING = 1_000

FUNCTIONS: dict[str, type[exp.Expr]] = {
    "abs": exp.Abs,
    "ceil": exp.Ceil,
    "coalesce": exp.Coalesce,
    "concat": exp.Concat,
    "concat_ws": exp.ConcatWs,
    "ends_with": exp.EndsWith,
    "floor": exp.Floor,
    "greatest": exp.Greatest,
    "if": exp.If,
    "initcap": exp.Initcap,
    "least": exp.Least,
    "left": exp.Left,
    "length": exp.Length,
    "lower": exp.Lower,
    "lpad": exp.Pad,
    "ltrim": exp.Trim,
    "mod": exp.Mod,
    "nullif": exp.Nullif,
    "regexp_like": exp.RegexpLike,
    "replace": exp.Replace,
    "round": exp.Round,
    "rpad": exp.Pad,
    "rtrim": exp.Trim,
    "sign": exp.Sign,
    "split_part": exp.SplitPart,
    "starts_with": exp.StartsWith,
    "strftime": exp.TimeToStr,
    "substr": exp.Substring,
    "trim": exp.Trim,
    "upper": exp.Upper,
}
"""Allowed functions by the name people write."""

_SYNTAX: tuple[type[exp.Expr], ...] = (
    exp.Column, exp.Identifier, exp.Literal, exp.Boolean, exp.Null, exp.Paren,
    exp.And, exp.Or, exp.Not, exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.NullSafeEQ, exp.NullSafeNEQ,
    exp.Is, exp.In, exp.Between, exp.Like, exp.ILike,
    exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Neg, exp.DPipe, exp.Case, exp.Cast, exp.DataType, exp.Interval, exp.Var,
)  # fmt: skip
_ALLOWED = frozenset({*_SYNTAX, *FUNCTIONS.values()})
_TEXT_TYPES = frozenset({exp.DataType.Type.VARCHAR, exp.DataType.Type.TEXT})


def refusals(tree: exp.Expr, text: str) -> Iterator[str]:
    """What in the tree is not allowed, a sentence each; `text` is what the tree was read from."""
    for node in tree.walk():
        if type(node) not in _ALLOWED:
            yield _not_allowed(node, text)
        elif isinstance(node, exp.Cast):
            if node.to.this not in _TEXT_TYPES and node.to.this != exp.DataType.Type.DATE:
                yield f"`cast` to {node.to.sql().lower()} is not allowed; allowed: varchar, date; `round(x, 2)` rounds a number"
        elif isinstance(node, exp.Pad):
            width = node.expression
            if not (isinstance(width, exp.Literal) and width.this.isdigit() and int(width.this) <= WIDEST_PADDING):
                yield f"the width of `lpad` and `rpad` must be a number from 0 to {WIDEST_PADDING}, found {width.sql()}"
        elif isinstance(node, exp.TimeToStr):
            if not (isinstance(node.args.get("format"), exp.Literal) and node.args["format"].is_string):
                yield "the format of `strftime` must be a text such as '%Y%m%d'"
        elif isinstance(node, exp.Literal) and not node.is_string and not node.this.replace(".", "", 1).isdigit():
            yield f"the number {node.this} is a float, which holds no exact amount; write it as a decimal, such as 1000.5"


def _not_allowed(node: exp.Expr, text: str) -> str:
    if isinstance(node, exp.Subquery | exp.Select | exp.Query):
        return "a subquery is not allowed: an expression sees one row"
    if isinstance(node, exp.Window):
        return "a window (`over`) is not allowed: an expression sees one row"
    if isinstance(node, exp.Func):
        place = node.meta
        name = text[place["start"] : place["end"] + 1] if place else node.sql_name().lower()
        reason = " (an aggregate: an expression sees one row)" if isinstance(node, exp.AggFunc) else ""
        return f"the function `{name}` is not allowed{reason}{did_you_mean(name, FUNCTIONS)}; allowed: {listed(FUNCTIONS)}"
    return f"`{node.sql()}` ({node.key}) is not allowed in an expression"
