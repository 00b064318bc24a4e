"""psycopg 3 with its pool over TLS: each new connection reads the agent's token anew. Prints the role, its server's name for us, and that they stay."""
import os, time, psycopg
from psycopg_pool import ConnectionPool

dsn = f"host=localhost port={os.environ['PGPORT']} user=whoever dbname=postgres sslmode=verify-full sslrootcert={os.environ['CA']}"


class Agent(psycopg.Connection):
    @classmethod
    def connect(cls, conninfo='', **more):
        return super().connect(conninfo, password=open(os.environ['TOKEN_FILE']).read(), **more)


def who(connection):
    return connection.execute("select current_user || ' ' || current_setting('application_name')").fetchone()[0]


with ConnectionPool(dsn, connection_class=Agent, min_size=1, max_size=4) as pool:
    with pool.connection() as first:
        assert first.pgconn.ssl_in_use
        before = who(first)
        time.sleep(float(os.environ['OUTLIVE_S']))
        # The first stays lent, so the pool has to open another, with the token of now.
        with pool.connection() as second:
            assert first.pgconn.backend_pid != second.pgconn.backend_pid
            assert who(second) == before
        assert who(first) == before
        print(before)
