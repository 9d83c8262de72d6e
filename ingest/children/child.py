"""The child's side: limits first, then one task after another until the pipe ends."""

import os
import resource
import select
import signal
import threading
from multiprocessing.connection import Connection

from ingest.children.protocol import Failed, ParseTask, PlaceTask


def main(pipe: Connection, cpu_s: float, memory_bytes: int) -> None:
    """Serve tasks; ends when the parent closes the pipe or dies."""
    threading.Thread(target=_die_with_parent, args=(pipe.fileno(),), daemon=True).start()
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_DATA, (memory_bytes, memory_bytes))
    os.nice(5)  # questions come before reading
    from ingest.children.placing import place
    from ingest.children.reading import read

    while True:
        try:
            task: ParseTask | PlaceTask = pipe.recv()
        except (EOFError, OSError):
            return
        _allow_cpu(cpu_s)
        result = place(task) if isinstance(task, PlaceTask) else read(task)
        try:
            pipe.send(result)
        except MemoryError:
            pipe.send(Failed("PARSER_MEMORY", "The file needs more memory than allowed: split it into smaller ones."))
        except (BrokenPipeError, OSError):
            return


def _die_with_parent(pipe: int) -> None:
    """A child in the middle of a file does not read its pipe, and would outlive a server that was killed.

    Not PR_SET_PDEATHSIG: the parent is the fork server, which waits for its children.
    """
    hung_up = select.poll()
    hung_up.register(pipe, 0)  # POLLHUP is told unasked
    hung_up.poll()
    os._exit(1)


def _allow_cpu(seconds: float) -> None:
    """So much from now on; the kernel's SIGXCPU ends the process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    spent = used.ru_utime + used.ru_stime
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (int(spent + seconds) + 1, hard))
