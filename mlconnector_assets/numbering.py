"""Control numbers of EDI: nine digits, and after the highest one comes 1 again."""

HIGHEST = 999_999_999


def following(first: int, steps: int) -> int:
    """The number `steps` after `first`."""
    return (first - 1 + steps) % HIGHEST + 1
