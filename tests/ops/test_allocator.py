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
