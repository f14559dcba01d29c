"""Memory for the temporaries of XLA's CPU backend."""

import ctypes
import functools
import sys

import jax

# Options of mallopt and their values, which keep the heap from shrinking: M_MMAP_MAX,
# M_TRIM_THRESHOLD, M_TOP_PAD, and M_ARENA_MAX, because the heaps of other arenas always shrink.
_SETTINGS = ((-4, 0), (-1, -1), (-2, 2**26), (-8, 1))

# The event of jax that follows a compilation, or its finding in the cache; seconds of a short one.
_COMPILED, _SHORT = "/jax/core/compile/backend_compile_duration", 0.1


def keep_freed_memory() -> bool:
    """Makes glibc keep the memory that this process frees, and jax use it again on a CPU.

    glibc returns large blocks to the system when they are freed. XLA's CPU backend frees its
    temporaries after every call, so that the next call waits for the system to map and clear the
    same pages again. The price is that the process keeps its peak memory until it ends. These
    environment variables do the same without this function:
    `MALLOC_MMAP_MAX_=0 MALLOC_TRIM_THRESHOLD_=-1 MALLOC_TOP_PAD_=67108864 MALLOC_ARENA_MAX=1`.

    After each compilation of more than 0.1 s, all that is free then goes back to the system: a
    training loop does not need the compiler's memory again.

    jax then runs the programs of one CPU device in the thread that calls them
    (`jax_cpu_enable_async_dispatch`). A program of another thread frees its temporaries after the
    caller knows of its results, so that the next program finds them taken, and the kept memory
    grows by as much again. Call this before jax starts its CPU backend.

    Returns:
      Whether the process runs on glibc, which took the settings.
    """
    if not sys.platform.startswith("linux"):
        return False
    jax.config.update("jax_cpu_enable_async_dispatch", False)
    libc = ctypes.CDLL(None)
    if not hasattr(libc, "gnu_get_libc_version"):
        return False
    _return_memory_of_compiler()
    return all(libc.mallopt(name, value) == 1 for name, value in _SETTINGS)


@functools.cache
def _return_memory_of_compiler() -> None:
    """From now on, returns to the system what is free after each compilation of some length."""
    libc = ctypes.CDLL(None)

    def trim(event: str, duration_secs: float, **kwargs: str | int) -> None:
        if event == _COMPILED and duration_secs > _SHORT:
            libc.malloc_trim(0)

    jax.monitoring.register_event_duration_secs_listener(trim)
