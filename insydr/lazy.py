"""Parts that are built when they are first needed."""

import threading
from collections.abc import Callable
from typing import Any, Generic, Self, TypeVar, overload

T = TypeVar("T")


class Lazy(Generic[T]):
    """A method that builds a part becomes the part, built once an instance: also when two threads come first.

    One lock for all parts of an instance, since building one may need others.
    """

    def __init__(self, build: Callable[[Any], T]) -> None:
        self._build, self.__doc__ = build, build.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = f"_lazy_{owner.__name__}_{name}"

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...
    @overload
    def __get__(self, instance: object, owner: type) -> T: ...

    def __get__(self, instance: object | None, owner: type) -> "Self | T":
        if instance is None:
            return self
        parts = vars(instance)
        if self._name not in parts:
            with parts.setdefault("_lazy_lock", threading.RLock()):
                if self._name not in parts:
                    parts[self._name] = self._build(instance)
        built: T = parts[self._name]
        return built

    def made(self, instance: object) -> T | None:
        """The part, if it was built."""
        return vars(instance).get(self._name)
