"""Doctor's check of a database server: whether it lets us in, its version, how large the database is."""

from ..store.postgres import OLDEST, ServerAwayError, ServerRefusesError, connect
from .findings import Finding, failed, fine


async def database_server_check(url: str) -> Finding:
    """Ask the server; changes nothing there."""
    try:
        connection = await connect(url, server_id="", name="wallflower doctor")
    except (ServerAwayError, ServerRefusesError) as error:
        return failed("Database", f"It cannot be used: {error}. Check DATABASE_URL and the server.")
    try:
        version = connection.get_server_version().major
        used = await connection.fetchval("SELECT pg_database_size(current_database())")
    finally:
        connection.terminate()
    if version < OLDEST:
        return failed("Database", f"PostgreSQL {version} is too old; {OLDEST} or newer is needed.")
    return fine("Database", f"PostgreSQL {version} answers; {used / 1024**2:.1f} MiB are used.")
