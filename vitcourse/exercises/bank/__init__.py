"""One exercise a file: reference, probes, hints, and the wrong answers that people give."""
