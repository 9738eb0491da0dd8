"""Results on disk: one append-only file of checksummed lines, which no kill can damage."""

import errno
import fcntl
import hashlib
import os
import socket
import time
import warnings
from collections.abc import Collection
from pathlib import Path
from types import TracebackType
from typing import Self

from lowrnn.errors import InputError
from lowrnn.files import atomic

_HEADER = "lowrnn results 1\n"
_SECONDS_UNSYNCED = 1.0


class Store:
    """The folder of a campaign, open for one process at a time.

    `results.txt` has a line `checksum key record` for each job that ended, where the record is
    JSON. Lines are only ever appended, by one process: a kill can cut off the last one, which is
    then a job that has not ended. The last line of a key counts. Lines reach the disk within a
    second, and the system at once, so that only a loss of power can take the last second.

    Parameters
    ----------
    folder : path
        Made if it does not exist.

    Raises
    ------
    InputError
        If another process has it open, or its results file is of another kind.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        self.path = self.folder / "results.txt"
        self.folder.mkdir(parents=True, exist_ok=True)
        self._lock = self._locked()
        self._stream: int | None = None
        self._synced = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._stream is not None:
            os.fsync(self._stream)
            os.close(self._stream)
            self._stream = None
        os.close(self._lock)

    def read(self, keys: Collection[str]) -> dict[str, str]:
        """The records of those `keys` that are there.

        Lines that are cut off or do not match their checksum are taken out, with one warning:
        their jobs have to run again.
        """
        if not self.path.exists():
            return {}
        found: dict[str, str] = {}
        damaged = 0
        with self.path.open("rb") as stream:
            if stream.readline() != _HEADER.encode():
                raise InputError(
                    f"store {self.folder} holds a {self.path.name} that is not of this kind or"
                    " version: give another folder"
                )
            for line in stream:
                if not _sound(line):
                    damaged += 1
                    continue
                _, key, record = line.decode().split(" ", 2)
                if key in keys:
                    found[key] = record
        if damaged:
            self._take_out_damage()
            warnings.warn(
                f"store {self.folder}: lines that were cut off or damaged have been taken out"
                f" ({damaged}); their jobs run again",
                stacklevel=2,
            )
        return found

    def append(self, key: str, record: str) -> None:
        """Add the record of a job; it is safe from a kill once this returns."""
        if self._stream is None:
            if not self.path.exists():
                with atomic(self.path) as temporary:
                    temporary.write_text(_HEADER, encoding="utf-8")
            self._stream = os.open(self.path, os.O_WRONLY | os.O_APPEND)
        content = f"{key} {record}\n".encode()
        rest = memoryview(_checksum(content) + b" " + content)
        while rest:
            rest = rest[os.write(self._stream, rest) :]
        if time.monotonic() - self._synced > _SECONDS_UNSYNCED:
            os.fsync(self._stream)
            self._synced = time.monotonic()

    def _take_out_damage(self) -> None:
        """Write the file anew, without the damaged lines."""
        with (
            atomic(self.path) as temporary,
            self.path.open("rb") as old,
            temporary.open("wb") as new,
        ):
            new.write(old.readline())
            new.writelines(line for line in old if _sound(line))

    def _locked(self) -> int:
        """Hold the folder until the process ends, however it ends."""
        lock = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(lock, 1000).decode(errors="replace")
            os.close(lock)
            raise InputError(
                f"store {self.folder} is in use by {holder or 'another process'}: wait for its end"
                " or give another folder"
            ) from None
        except OSError as error:
            # Some cluster file systems have no locks; then two runs of one store are the user's
            # to avoid.
            if error.errno not in (errno.ENOSYS, errno.ENOTSUP, errno.ENOLCK):
                os.close(lock)
                raise
        os.ftruncate(lock, 0)
        os.write(lock, f"process {os.getpid()} on {socket.gethostname()}".encode())
        return lock


def _checksum(content: bytes) -> bytes:
    """What a line starts with, from its rest."""
    return hashlib.sha256(content).hexdigest()[:16].encode()


def _sound(line: bytes) -> bool:
    """Whether a line is whole and as it was written."""
    return line.endswith(b"\n") and line[:16] == _checksum(line[17:]) and line[16:17] == b" "
