"""Whether a server is to be had: an answer, or none, within a fixed time whatever the network does."""

from __future__ import annotations

import queue
import threading
import time
import urllib.request

ANSWER_SECONDS = 3.5  # a slow line's name look-up, connection, encryption and first byte; the fallback is due in 5
_GZIP = b"\x1f\x8b"

_silent: set[tuple[str, ...]] = set()  # what did not answer in this process: nobody waits for it twice


def answering(urls: tuple[str, ...], seconds: float = ANSWER_SECONDS) -> str | None:
    """The first of these gzip files to send its first two bytes; ``None`` if none does within ``seconds``.

    The bytes are looked at because the log-in page of a hotel's network answers too. A name look-up cannot be given
    a time limit nor be stopped, so each question is asked in a daemon thread of its own, which is left behind.
    """
    if urls in _silent:
        return None
    answers: queue.SimpleQueue[tuple[str, bool]] = queue.SimpleQueue()
    for url in urls:
        threading.Thread(target=_ask, args=(url, seconds, answers), daemon=True).start()
    deadline = time.monotonic() + seconds
    for _ in urls:
        try:
            url, good = answers.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            break
        if good:
            return url
    _silent.add(urls)
    return None


def _ask(url: str, seconds: float, answers: queue.SimpleQueue[tuple[str, bool]]) -> None:
    try:
        request = urllib.request.Request(url, headers={"User-Agent": "vitcourse"})
        with urllib.request.urlopen(request, timeout=seconds) as response:
            answers.put((url, response.read(2) == _GZIP))
    except Exception:  # whatever went wrong, the answer is no
        answers.put((url, False))
