"""The benchmarks' own judgements."""
