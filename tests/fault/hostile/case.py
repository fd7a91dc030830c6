"""Cases by name, and what they may expect."""

CASES = []


def case(function):
    """A case takes a Target; it raises Wrong, and everything else it lets out is a failure too."""
    function.is_flood = False
    CASES.append(function)
    return function


def flood(function):
    """Floods HTTP/2 below our code, where Debian's gRPC keeps what it must: its own bound counts, not ours."""
    function.is_flood = True
    CASES.append(function)
    return function


class Wrong(Exception):
    """An outcome that must not be."""


def expect(what, found, wanted):
    if found != wanted:
        raise Wrong(f"{what}: {found!r}, expected {wanted!r}")


def expect_ended(device):
    """The other side says A-ABORT or closes; an answer or silence is wrong."""
    how = device.expect_end()
    if how not in ("A-ABORT", "closed", "connection reset"):
        raise Wrong(f"ended by {how}, expected an abort")
