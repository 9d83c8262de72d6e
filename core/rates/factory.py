"""Where requests are counted: in Redis, so that API processes count together, else in the memory of each."""

from core.rates.limiter import RateLimiter
from core.settings import Settings


def open_limiter(settings: Settings) -> RateLimiter:
    if settings.rates_redis_url is None:
        from core.rates.memory import WindowMemory

        return RateLimiter(WindowMemory())
    from core.rates.redis import RedisWindows

    return RateLimiter(RedisWindows(settings.rates_redis_url))
