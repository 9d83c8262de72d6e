"""Where requests are counted: in Redis, so that API processes count together, else in the memory of each."""

from typing import Any

from core.rates.limiter import AT_ONCE, RateLimiter
from core.settings import Settings

PREFIX = "insydr-rates"
TIMEOUT_S = 0.25  # a slower Redis counts as gone


def open_limiter(settings: Settings) -> RateLimiter:
    if settings.rates_redis_url is None:
        from core.rates.memory import WindowMemory

        return RateLimiter(WindowMemory())
    import redis.asyncio
    from limits.aio.storage import RedisStorage

    url = settings.rates_redis_url
    pool: Any = redis.asyncio.BlockingConnectionPool.from_url(
        url, max_connections=AT_ONCE, timeout=TIMEOUT_S, socket_timeout=TIMEOUT_S,
        socket_connect_timeout=TIMEOUT_S,
    )  # fmt: skip
    return RateLimiter(RedisStorage(url, implementation="redispy", key_prefix=PREFIX, connection_pool=pool))
