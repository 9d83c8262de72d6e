"""Hashing passwords takes memory and a core: how many do it at once is bounded, and how many wait."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from core import passwords
from core.errors import Unavailable
from core.passwords import HashingPlaces, hash_password, verify_password

hasher = passwords._hasher  # the product's own, before the suite takes a quick one


class TestPasswords:
    def test_cost_what_rfc_9106_recommends(self) -> None:
        """Its second choice: 64 MiB, three passes, four lanes."""
        assert hasher().hash("SecurePass123!").startswith("$argon2id$v=19$m=65536,t=3,p=4$")

    def test_are_hashed(self) -> None:
        hashed = hash_password("SecurePass123!")
        assert hashed.startswith("$argon2id$")
        assert verify_password("SecurePass123!", hashed)
        assert not verify_password("securepass123!", hashed)
        assert not verify_password("anything", None)


class TestHashingPlaces:
    def test_no_more_work_at_once_than_there_are_places(self) -> None:
        places, lock = HashingPlaces(2, 40), threading.Lock()
        inside = most = 0

        def work(_: int) -> None:
            nonlocal inside, most
            with places.taken():
                with lock:
                    inside += 1
                    most = max(most, inside)
                threading.Event().wait(0.005)
                with lock:
                    inside -= 1

        with ThreadPoolExecutor(20) as pool:
            list(pool.map(work, range(40)))
        assert most == 2

    def test_who_would_be_one_too_many_to_wait_is_refused_at_once(self) -> None:
        places, go, started = HashingPlaces(1, 1), threading.Event(), threading.Barrier(2)

        def work(place: HashingPlaces) -> None:
            with place.taken():
                started.wait(10)
                go.wait(10)

        with ThreadPoolExecutor(2) as pool:
            first = pool.submit(work, places)
            started.wait(10)
            second = pool.submit(work, places)
            while places._inside.acquire(blocking=False):  # until the second one waits
                places._inside.release()
            with pytest.raises(Unavailable) as caught, places.taken():
                pass
            assert int(caught.value.headers["Retry-After"]) > 0
            go.set()
            first.result(10)
            started.wait(10)
            second.result(10)
        with places.taken():
            pass

    def test_nobody_waits_for_ever(self) -> None:
        places = HashingPlaces(1, 5, patience_s=0.01)
        with places.taken(), pytest.raises(Unavailable), places.taken():
            pass
        with places.taken():
            pass

    def test_half_of_the_apis_threads_stay_free(self) -> None:
        """Starlette gives all synchronous endpoints 40 (anyio's default limiter)."""
        assert passwords.MOST_THREADS <= 20
        assert passwords.MOST_PLACES < passwords.MOST_THREADS
