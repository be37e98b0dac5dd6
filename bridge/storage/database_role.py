"""What the role may do that the program has in PostgreSQL."""

from bridge.storage.models import Meta


async def is_superuser() -> bool:
    """May it do anything at all on the server? Never on SQLite. Inside an open database."""
    connection = Meta._meta.db  # noqa: SLF001 - Tortoise's documented way from a model to its connection
    if connection.capabilities.dialect != "postgres":
        return False
    # https://www.postgresql.org/docs/current/view-pg-roles.html
    (row,) = await connection.execute_query_dict("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
    return bool(row["rolsuper"])


__all__ = ["is_superuser"]
