"""Benchmarks: `make bench` writes results/*.json and docs/performance.md."""
