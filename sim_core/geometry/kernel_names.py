"""What ephemerides and lunar orientations can be called."""

from sim_core.errors import KernelError, LunarOrientationError

DEFAULT_EPHEMERIS = "de421"
EPHEMERIS_NAMES = (DEFAULT_EPHEMERIS, "de440")

DEFAULT_ORIENTATION = "de421"
"""The librations that DE421 has itself."""


def require_ephemeris_name(name: str) -> None:
    """Raise unless a text is a name or path that an ephemeris can have.

    Raises
    ------
    KernelError
        If it is neither a known name nor ends in ``.bsp``.
    """
    if name in EPHEMERIS_NAMES or name.lower().endswith(".bsp"):
        return
    remedy = f"use {' or '.join(EPHEMERIS_NAMES)}, or name a file that ends in .bsp"
    if name.lower().endswith(".bpc"):
        raise KernelError(f"{name!r} is an orientation kernel (.bpc), no ephemeris", remedy)
    if name.lower() in EPHEMERIS_NAMES:
        remedy = f"write {name.lower()}"
    raise KernelError(f"the ephemeris {name!r} is not known", remedy)


def require_orientation_name(name: str) -> None:
    """Raise unless a text is a name or path that a lunar orientation can have.

    Raises
    ------
    LunarOrientationError
        If it is neither a known name nor ends in ``.bpc``.
    """
    if name == DEFAULT_ORIENTATION or name.lower().endswith(".bpc"):
        return
    remedy = "use de421, or name a file that ends in .bpc"
    if name.lower().endswith(".bsp"):
        raise LunarOrientationError(f"{name!r} is an ephemeris (.bsp), no orientation", remedy)
    if name.lower() == "de440":
        remedy = f"{remedy}: DE440's orientation (moon_pa_de440_200625.bpc) comes with no package"
    elif name.lower() == DEFAULT_ORIENTATION:
        remedy = f"write {name.lower()}"
    raise LunarOrientationError(f"the lunar orientation {name!r} is not known", remedy)
