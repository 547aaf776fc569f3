"""The checker of annotations that the tests put on every function of the package (with jaxtyping's hook)."""

from beartype import BeartypeConf, beartype

# An int is fine where a float is asked for, as type checkers have it (PEP 484).
checked = beartype(conf=BeartypeConf(is_pep484_tower=True))
