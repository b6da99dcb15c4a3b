"""What a server process is told, as JSON on its standard input: it holds a password."""

from dataclasses import asdict, dataclass

import orjson

POOL_SIZE = 20  # more than the load generator has connections
SUPABASE_URL = "http://127.0.0.1:1/_local/supabase"  # never dialled: local mode answers in-process
ISSUER = f"{SUPABASE_URL}/auth/v1"


@dataclass(frozen=True)
class ServerOptions:
    database_url: str
    port: int
    core: int
    jwk: dict[str, object]
    token_cache: bool

    def to_json(self) -> bytes:
        return orjson.dumps(asdict(self))

    @classmethod
    def from_json(cls, data: bytes) -> "ServerOptions":
        return cls(**orjson.loads(data))
