"""Group elements and signatures on public values: the Python side of native/core, and independent verifiers."""
