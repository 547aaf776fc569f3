"""Makes the authors' tools importable for the tests of this folder."""

import lesson_files  # noqa: F401 (puts tools/ on the path)
