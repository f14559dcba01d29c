import asyncio
import gc
from collections.abc import Coroutine
from typing import Any

import orbax.checkpoint as ocp

from gans_jax.runs import storage


def abandon(coroutine: Coroutine[Any, Any, Any]) -> None:
    """Runs a coroutine that fails, and lets nobody ask for its error."""
    loop = asyncio.new_event_loop()
    loop.run_until_complete(asyncio.wait([loop.create_task(coroutine)]))
    loop.close()
    gc.collect()


async def of_a_user() -> None:
    raise ValueError("this is printed")


def test_the_error_of_an_abandoned_task_is_printed_unless_the_task_is_of_orbax(caplog):
    storage.silence()
    abandon(ocp.type_handlers.NumpyHandler().deserialize(None))
    abandon(of_a_user())
    (error,) = [r for r in caplog.records if r.levelname == "ERROR"]
    assert "this is printed" in error.getMessage()
