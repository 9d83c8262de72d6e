"""Where requests are counted: in Redis, so that API processes count together, else in the memory of each."""

from typing import TYPE_CHECKING

from core.settings import Settings

if TYPE_CHECKING:
    from core.rates.limiter import RateLimiter


def open_limiter(settings: Settings) -> "RateLimiter":
    from core.rates.limiter import RateLimiter  # here and below: `limits` takes a while, and no command line needs it

    if settings.rates_redis_url is None:
        from core.rates.memory import WindowMemory

        return RateLimiter(WindowMemory())
    from core.rates.redis import RedisWindows

    return RateLimiter(RedisWindows(settings.rates_redis_url))
