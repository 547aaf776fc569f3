#!/bin/sh
# Prints a Python that can make the course's environment, or says in one line what is missing.
# PYTHON=... chooses one. Otherwise the machine's own python3 comes first, then the versions that stand beside it:
# on macOS python3 is often 3.9 although a newer one is installed.

can_make_environments='import ensurepip, venv'
is_new_enough='import sys; sys.exit(sys.version_info < (3, 11))'
version='import sys; print("%d.%d" % sys.version_info[:2])'

newest_old=""
without_venv=""
for candidate in ${PYTHON:-python3 python3.12 python3.13 python3.11 python3.14 python}; do
    path=$(command -v "$candidate" 2>/dev/null) || continue
    found=$("$path" -c "$version" 2>/dev/null) || continue
    if ! "$path" -c "$is_new_enough" 2>/dev/null; then
        newest_old="${newest_old:-$found ($path)}"
    elif ! "$path" -c "$can_make_environments" 2>/dev/null; then
        without_venv="${without_venv:-$path has no venv module: on Debian or Ubuntu, sudo apt install python$found-venv}"
    else
        echo "$path"
        exit 0
    fi
done

if [ -n "$without_venv" ]; then
    echo "set-up: $without_venv" >&2
elif [ -n "$newest_old" ]; then
    echo "set-up: Python 3.11 or newer is needed, found $newest_old; with a newer one elsewhere: make PYTHON=/path/to/python3.12 ..." >&2
else
    echo "set-up: no Python found${PYTHON:+ at $PYTHON}; install Python 3.11 or newer" >&2
fi
exit 1
