"""psycopg 3 through the gateway: the plain and binary formats, pipeline mode, COPY, cursors, notifications, errors. Prints "N passed, N failed"."""
import os, sys, threading, psycopg

dsn = f"host={os.environ['PGHOST']} port={os.environ['PGPORT']} user=postgres dbname=postgres sslmode=disable"
passed, failed = 0, 0


def case(name):
    def run(test):
        global passed, failed
        try:
            with psycopg.connect(dsn, autocommit=True) as connection:
                test(connection)
            passed += 1
        except Exception as error:  # a driver test reports whatever it meets
            failed += 1
            print('FAILED', name, type(error).__name__, error)
    return run


@case('parameters in text and binary')
def _(c):
    for binary in (False, True):
        row = c.cursor(binary=binary).execute('select %s::int, %s::text, %s::float8, %s::bytea, %s::jsonb, %s::int[]', (7, 'é\n', 1.5, b'\0\xff', '{"a": [1]}', [1, 2])).fetchone()
        assert row == (7, 'é\n', 1.5, b'\0\xff', {'a': [1]}, [1, 2]), row


@case('pipeline mode with an error in the middle')
def _(c):
    with c.pipeline() as p:
        first = c.execute('select 1')
        p.sync()
        try:
            c.execute('select 1/0'); p.sync(); assert False
        except psycopg.errors.DivisionByZero: pass
        assert first.fetchone() == (1,)
    assert c.execute('select 2').fetchone() == (2,)


@case('prepared statements are used again')
def _(c):
    for i in range(20): assert c.execute('select %s::int + 1', (i,), prepare=True).fetchone() == (i + 1,)


@case('COPY both ways, text and binary')
def _(c):
    c.execute('create temp table t (a int, b text)')
    with c.cursor().copy('copy t from stdin') as copy:
        for i in range(5000): copy.write_row((i, 'x' * (i % 50) + '\t\n\\'))
    with c.cursor().copy('copy t to stdout (format binary)') as copy: assert len(b''.join(copy)) > 100_000
    with c.cursor().copy('copy t to stdout') as copy: assert sum(1 for _ in copy.rows()) == 5000


@case('COPY that fails, and goes on')
def _(c):
    c.execute('create temp table t (a int)')
    try:
        with c.cursor().copy('copy t from stdin') as copy: copy.write('x\n')
        assert False
    except psycopg.errors.InvalidTextRepresentation: pass
    assert c.execute('select 3').fetchone() == (3,)


@case('server-side cursors')
def _(c):
    with c.transaction():
        with c.cursor('named') as cursor:
            cursor.itersize = 7
            assert [r[0] for r in cursor.execute('select generate_series(1, 50)')] == list(range(1, 51))


@case('notifications')
def _(c):
    c.execute('listen news')
    with psycopg.connect(dsn, autocommit=True) as other: other.execute("notify news, 'hello'")
    assert next(c.notifies(timeout=5)).payload == 'hello'


@case('cancel')
def _(c):
    threading.Timer(0.3, c.cancel).start()
    try: c.execute('select pg_sleep(20)'); assert False
    except psycopg.errors.QueryCanceled: pass


@case('large objects')
def _(c):
    with c.transaction():
        oid = c.execute('select lo_from_bytea(0, %s)', (b'\0\xff' * 100_000,)).fetchone()[0]
        assert c.execute('select lo_get(%s)', (oid,)).fetchone()[0] == b'\0\xff' * 100_000


@case('1,600 columns, and a value of 40 MB')
def _(c):
    assert len(c.execute('select ' + ', '.join(f'{i} as c{i}' for i in range(1600))).fetchone()) == 1600
    assert len(c.execute("select repeat('x', 40000000)").fetchone()[0]) == 40_000_000


print(f'{passed} passed, {failed} failed')
sys.exit(1 if failed else 0)
