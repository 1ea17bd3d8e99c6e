"""The language model's process: `python -m sandbox.engines.llama FILE [THREADS]`.

It is a whole model server of its own on a free loopback port, with a key that only its owner
knows. The state of every prompt it has read is kept in memory, so that a persona's long system
prompt is read once and not in every turn.
"""

from __future__ import annotations

import os
import secrets
import sys
from pathlib import Path

from sandbox.engines.frames import EngineLoop
from sandbox.engines.process import MISSING_MODEL_STATUS

NICE = 5  # it takes all the time there is: everything else goes first
SLOTS = 3  # replies at once; more wait
CONTEXT = 4096  # tokens, each
KEPT_MEGABYTES = 512  # of prompts read before: about 28 kB a token
BATCH = 128  # tokens read in one go: who comes in between waits no longer than for these


def main(path: Path, threads: int) -> None:
    """Load the model and serve."""
    loop = EngineLoop(NICE)
    if not path.exists():
        sys.stderr.write(f"no language model at {path}: run python -m sandbox.engines.models\n")
        sys.exit(MISSING_MODEL_STATUS)
    import xllamacpp  # noqa: PLC0415 - after the niceness is set

    key = secrets.token_hex(16)
    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(path)
    parameters.n_parallel = SLOTS
    parameters.n_ctx = SLOTS * CONTEXT
    parameters.n_batch = parameters.n_ubatch = BATCH
    parameters.cache_ram_mib = KEPT_MEGABYTES
    parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = threads
    parameters.use_jinja = True
    parameters.api_keys = [key]
    parameters.port = 0
    server = xllamacpp.Server(parameters)
    loop.run({}, url=f"{server.listening_address}/v1", key=key)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else os.cpu_count() or 1)  # noqa: PLR2004 - FILE and THREADS
