"""The generators of load, and what each of them tells: wrk, h2load, pgbench, and hashing itself."""
