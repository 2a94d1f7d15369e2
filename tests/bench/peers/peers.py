"""Other matchers, in an environment of their own: a JSON task on stdin, its answer on stdout.

It imports nothing of the product, and the product nothing of it.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any


def perturb(task: dict[str, Any]) -> list[dict[str, str]]:
    """Every spelling of names that sanctions-screening-benchmark makes up, by its classes."""
    from ssb.perturb import apply_all

    return [
        {"class": each.perturbation, "query": each.text, "key": key}
        for key, name in task["names"].items()
        for each in apply_all(name, key, seed=task["seed"], max_per_class=task["most"])
        if each.text != name
    ]


def nomenklatura(task: dict[str, Any]) -> dict[str, Any]:
    """Best score of each candidate that the product's index found, by one of its algorithms."""
    from followthemoney import EntityProxy, model
    from nomenklatura.matching import get_algorithm

    algorithm = get_algorithm(task["algorithm"])
    config = algorithm.default_config()

    def person(key: str, names: list[str]) -> EntityProxy:
        return EntityProxy(
            model.get("Person"), {"id": key, "schema": "Person", "properties": {"name": names}}
        )

    entries = {key: person(key, names) for key, names in task["entries"].items()}
    found, began = [], time.perf_counter()
    for number, asked in enumerate(task["asked"]):
        query = person(f"q{number}", [asked["query"]])
        scores = {
            key: algorithm.compare(query, entries[key], config).score for key in asked["near"]
        }
        found.append({key: score for key, score in scores.items() if score >= task["least"]})
    return {"seconds": time.perf_counter() - began, "found": found}


def rapidfuzz(task: dict[str, Any]) -> dict[str, Any]:
    """Every query against every name, by brute force on two threads."""
    from rapidfuzz import fuzz, process, utils

    keys = [key for key, names in task["entries"].items() for _ in names]
    names = [name for names in task["entries"].values() for name in names]
    texts = [utils.default_process(name) for name in names]
    queries = [utils.default_process(each["query"]) for each in task["asked"]]
    began = time.perf_counter()
    scores = process.cdist(
        queries, texts, scorer=fuzz.token_sort_ratio, score_cutoff=task["least"], workers=2
    )
    found = [sorted({keys[place] for place in row.nonzero()[0]}) for row in scores]
    return {"seconds": time.perf_counter() - began, "found": found}


if __name__ == "__main__":
    task = json.load(sys.stdin)
    json.dump(globals()[task["do"]](task), sys.stdout)
