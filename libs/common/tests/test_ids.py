from concurrent.futures import ThreadPoolExecutor

from common.ids import uuid7


def test_ids_are_of_version_7_and_sort_in_the_order_they_were_made():
    made = [uuid7() for _ in range(20_000)]
    assert {each.version for each in made} == {7}
    assert made == sorted(made)
    assert [each.hex for each in made] == sorted(each.hex for each in made)  # as SQLite sorts
    assert len(set(made)) == len(made)


def test_threads_never_make_the_same_id():
    with ThreadPoolExecutor(4) as threads:
        batches = list(threads.map(lambda _: [uuid7() for _ in range(5_000)], range(4)))
    assert len({each for batch in batches for each in batch}) == 20_000
    assert all(batch == sorted(batch) for batch in batches)
