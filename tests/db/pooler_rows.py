"""The people whom the processes behind the pooler ask for."""

from uuid import UUID

USER_COUNT = 50
INSERT = """
INSERT INTO users (id, email, name)
SELECT ('00000000-0000-4000-8000-' || lpad(to_hex(n), 12, '0'))::uuid,
       'person-' || n || '@example.com', 'Person ' || n
FROM generate_series(0, 49) n
"""


def user_id(number: int) -> UUID:
    return UUID(f"00000000-0000-4000-8000-{number % USER_COUNT:012x}")
