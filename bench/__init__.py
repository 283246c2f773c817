"""Benchmarks: each prints its figures as a table and writes them as JSON."""
