"""Files of a simulated generator, and the ``MMEMory`` commands that reach them."""

from __future__ import annotations

from collections.abc import Callable

from drivers.simulators.scpi.call import Call
from drivers.simulators.scpi.command_tree import CommandTree
from drivers.simulators.scpi.errors import ScpiError
from drivers.simulators.scpi.values import definite_block

Written = Callable[[str, memoryview], None]


class MassMemory:
    """Files by their whole names.

    Parameters
    ----------
    size_bytes : int
        Room for all of them.
    resolve : callable
        Makes the whole name of what a command calls a file; may raise :class:`ScpiError`.
    """

    def __init__(self, size_bytes: int, resolve: Callable[[str], str]) -> None:
        self.size_bytes = size_bytes
        self.files: dict[str, memoryview] = {}
        self._resolve = resolve

    @property
    def used_bytes(self) -> int:
        """Bytes of all files."""
        return sum(data.nbytes for data in self.files.values())

    @property
    def free_bytes(self) -> int:
        """Room that is left."""
        return self.size_bytes - self.used_bytes

    def read(self, name: str) -> memoryview:
        """Give a file, or -256."""
        found = self.files.get(self._resolve(name))
        if found is None:
            raise ScpiError(-256, name)
        return found

    def write(self, name: str, data: memoryview) -> str:
        """Write or replace a file, and give its whole name; -254 if there is no room."""
        whole = self._resolve(name)
        before = self.files.get(whole, memoryview(b"")).nbytes
        if data.nbytes - before > self.free_bytes:
            raise ScpiError(-254, name)
        self.files[whole] = data
        return whole

    def delete(self, name: str) -> str:
        """Delete a file, and give its whole name; -256 if there is none."""
        self.read(name)
        whole = self._resolve(name)
        del self.files[whole]
        return whole

    def declare(
        self,
        tree: CommandTree,
        written: Written | None = None,
        deleted: Callable[[str], None] | None = None,
    ) -> None:
        """Declare the commands that write, read and delete a file.

        Parameters
        ----------
        tree : CommandTree
            Of the instrument.
        written : callable, optional
            Is told of the whole name and what is in it, before it is written; may refuse.
        deleted : callable, optional
            Is told of the whole name of what was deleted.
        """

        def write(call: Call) -> None:
            if written is not None:
                written(self._resolve(call.string(0)), call.block(1))
            self.write(call.string(0), call.block(1))

        def delete(call: Call) -> None:
            whole = self.delete(call.string(0))
            if deleted is not None:
                deleted(whole)

        tree.command("MMEMory:DATA", write, 2)
        tree.query("MMEMory:DATA", lambda call: definite_block(self.read(call.string(0))), 1)
        tree.command("MMEMory:DELete", delete, 1)
