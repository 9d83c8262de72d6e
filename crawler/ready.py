"""URLs at hand: those that the frontier gave, until a visit of theirs begins."""

from collections import deque
from collections.abc import Callable, Iterable

from crawler.frontier import Claimed
from crawler.politeness import Politeness
from crawler.rules import LISTS
from crawler.urls import host_of


class ReadyQueue:
    """By host, each host's in the order of the frontier, so that a look at what may begin costs a step a host."""

    def __init__(self, claimed: Iterable[Claimed], politeness: Callable[[str], Politeness]) -> None:
        self._politeness = politeness
        self._by_host: dict[str, deque[tuple[int, Claimed]]] = {}
        for number, one in enumerate(claimed):
            self._by_host.setdefault(host_of(one.url), deque()).append((number, one))

    def __bool__(self) -> bool:
        return bool(self._by_host)

    def take(self, *, lists_only: bool) -> Claimed | None:
        """The first whose host may be asked now; with `lists_only` the first sitemap or feed of such a host."""
        found: list[tuple[int, Claimed, str]] = []
        for host, queue in self._by_host.items():
            first = next((entry for entry in queue if entry[1].via in LISTS), None) if lists_only else queue[0]
            if first is not None and self._politeness(host).wait_s() <= 0:
                found.append((*first, host))
        if not found:
            return None
        number, claimed, host = min(found, key=lambda entry: entry[0])
        self._by_host[host].remove((number, claimed))
        if not self._by_host[host]:
            del self._by_host[host]
        return claimed

    def has_lists(self) -> bool:
        """Whether there is a sitemap or a feed among them."""
        return any(one.via in LISTS for queue in self._by_host.values() for _, one in queue)

    def count(self, *, without_paused: bool) -> int:
        """How many there are; `without_paused` leaves out those whose hosts ask for a pause."""
        queues = self._by_host.items()
        return sum(len(queue) for host, queue in queues if not without_paused or self._politeness(host).pause_s() <= 0)

    def wait_s(self) -> float:
        """Until the next host may be asked; infinity while on each a request must end first."""
        return min((self._politeness(host).wait_s() for host in self._by_host), default=float("inf"))

    def pause_s(self) -> float:
        """How long all hosts ask for a pause; 0 where there is none."""
        return min((self._politeness(host).pause_s() for host in self._by_host), default=0.0)
