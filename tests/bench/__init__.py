"""Benchmarks: `make bench` measures on real servers and writes results/*.json and docs/performance.md."""
