"""Arrays in, matplotlib figures out; nothing else. One file per subject, one look for all (``style``)."""
