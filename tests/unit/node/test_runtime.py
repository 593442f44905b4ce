"""The runtime where its surroundings fail."""

from __future__ import annotations

import asyncio
from typing import Any

from thresign.errors import StorageError
from thresign.node.ports import Ports
from thresign.node.runtime import Runtime


class NoMemory:
    """A link for which the kernel makes no memfd."""

    def give_body(self, *_: object) -> None:
        raise OSError(24, "Too many open files")


def test_a_body_that_cannot_be_handed_over() -> None:
    """Who asked hears it; neither the vault nor the peer that sent the body is blamed."""

    async def run() -> list[Any]:
        told: list[Any] = []
        runtime = Runtime(1, None, None, None, None)  # type: ignore[arg-type]
        runtime.ports = Ports(NoMemory(), None, None)  # type: ignore[arg-type]
        runtime.vault_is_up = True
        runtime.give_body(bytes(32), b"body", told.append)
        return told

    (error,) = asyncio.run(run())
    assert isinstance(error, StorageError)
    assert "Too many open files" in error.detail
