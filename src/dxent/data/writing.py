"""Files that are written whole or not at all."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

__all__ = ["check_writable", "write_atomically"]


def check_writable(path: str | Path, overwrite: bool) -> None:
    """Refuse, before any work is done, a place that nothing can be written to.

    Raises: OSError with a sentence: a directory, a device, no such directory, or a file that is not to be
    overwritten
    """
    path = Path(path)
    if path.is_dir():
        raise OSError(f"{str(path)!r} is a directory: name a file in it")
    if path.exists() and not path.is_file():
        raise OSError(f"{str(path)!r} is no ordinary file: name another")
    if path.exists() and not overwrite:
        raise FileExistsError(f"{str(path)!r} exists already: name another file, or overwrite it (--force)")
    if not path.parent.is_dir():
        raise OSError(f"there is no directory {str(path.parent)!r} to write in")


def write_atomically(
    path: str | Path, write: Callable[[BinaryIO], object], *, overwrite: bool = False
) -> None:
    """Let ``write`` fill a file that appears under its name only when it is complete and on the disk.

    Until then the name stands for what it stood for before, whatever happens. A symbolic link stays one.

    Raises: OSError with a sentence, as `check_writable` does, or because the disk is full or read-only
    """
    check_writable(path, overwrite)
    place = Path(os.path.realpath(path))
    temporary = place.with_name(f".{place.name[:200]}.{secrets.token_hex(8)}.tmp")
    try:
        with open(temporary, "xb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, place)
    except OSError as refusal:
        raise OSError(f"{str(path)!r} cannot be written: {refusal.strerror or refusal}") from refusal
    finally:
        with suppress(OSError):
            os.unlink(temporary)
    with suppress(OSError):  # the file is there; not every system can be asked to sync its name
        _sync_directory(place.parent)


def _sync_directory(directory: Path) -> None:
    """Make a new name survive a power cut."""
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
