import threading
import time

import pytest

from core.database.writer_lock import PASSED_BY, WriterLock, patiently
from core.errors import Unavailable


def waiting(lock: WriterLock, many: int, patient: int = 0) -> None:
    ends = time.monotonic() + 10
    while len(lock._waiting) < many or len(lock._patient) < patient:
        assert time.monotonic() < ends
        time.sleep(0.001)


class TestOrder:
    def test_who_asked_first_writes_first(self) -> None:
        """Whoever lets go and asks again at once comes after those who waited: `threading.Lock` gives it them first."""
        lock, order = WriterLock(), list[str]()

        def ask(name: str) -> None:
            with lock:
                order.append(name)

        threads = [threading.Thread(target=ask, args=(name,)) for name in "abc"]
        with lock:
            for number, thread in enumerate(threads, 1):
                thread.start()
                waiting(lock, number)
        with lock:
            order.append("again")
        for thread in threads:
            thread.join()
        assert order == ["a", "b", "c", "again"]

    def test_the_patient_let_others_pass_but_not_all(self) -> None:
        lock, order = WriterLock(), list[str]()

        def ask(name: str) -> None:
            with lock:
                order.append(name)

        def ask_patiently() -> None:
            with patiently():
                ask("patient")

        threads = [threading.Thread(target=ask_patiently)]
        threads += [threading.Thread(target=ask, args=(str(number),)) for number in range(PASSED_BY + 5)]
        with lock:
            for number, thread in enumerate(threads):
                thread.start()
                waiting(lock, number, patient=1)
        for thread in threads:
            thread.join()
        assert order.index("patient") == PASSED_BY

    def test_an_error_lets_go(self) -> None:
        lock = WriterLock()
        with pytest.raises(KeyError), lock:
            raise KeyError
        with lock:
            pass


class TestPatience:
    def test_ends_with_503_and_when_to_try_again(self) -> None:
        lock = WriterLock(wait_s=0.01)
        with lock, pytest.raises(Unavailable) as caught, lock:
            pass
        assert caught.value.code == "DATABASE_BUSY"
        assert int(caught.value.headers["Retry-After"]) > 0

    def test_who_gave_up_is_passed_over(self) -> None:
        lock = WriterLock(wait_s=0.01)
        with lock, pytest.raises(Unavailable), lock:
            pass
        with lock:
            pass
