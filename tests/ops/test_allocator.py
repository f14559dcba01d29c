import os
import subprocess
import sys

import pytest

PROGRAM = """
import resource, sys
import numpy as np
from gans_jax.ops import keep_freed_memory

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    np.ones(2**24, np.uint8)  # 4096 pages, freed at once
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

if not keep_freed_memory():
    sys.exit(3)
faults()
print(faults())
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="a setting of glibc")
def test_freed_memory_is_not_mapped_again():
    run = subprocess.run([sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, text=True)
    if run.returncode == 3:
        pytest.skip("no glibc here")
    assert run.returncode == 0
    assert int(run.stdout) < 100


INLINE = """
import jax, jax.numpy as jnp
from gans_jax.ops import keep_freed_memory

keep_freed_memory()
print(jax.jit(lambda x: x @ x)(jnp.ones((2048, 2048))).is_ready())
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="a setting of glibc")
def test_a_program_returns_when_its_temporaries_are_free():
    environment = os.environ | {"JAX_PLATFORMS": "cpu"}
    command = [sys.executable, "-c", INLINE]
    run = subprocess.run(command, stdout=subprocess.PIPE, text=True, env=environment, check=True)
    assert run.stdout == "True\n"


COMPILED = """
import jax, jax.numpy as jnp, numpy as np
from pathlib import Path
from gans_jax.ops import keep_freed_memory

def megabytes():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024

def program(x):
    for _ in range(1000):
        x = jnp.tanh(x @ jnp.flip(x))
    return x

keep_freed_memory()
jnp.zeros(1)
np.ones(2**29, np.uint8)
before = megabytes()
jax.jit(program).lower(jnp.ones((8, 8))).compile()
print(before - megabytes())
"""


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="a setting of glibc")
def test_memory_that_is_free_after_a_compilation_is_returned():
    environment = os.environ | {"JAX_PLATFORMS": "cpu", "JAX_ENABLE_COMPILATION_CACHE": "false"}
    command = [sys.executable, "-c", COMPILED]
    run = subprocess.run(command, stdout=subprocess.PIPE, text=True, env=environment, check=True)
    assert float(run.stdout) > 300
