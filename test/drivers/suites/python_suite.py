"""The own tests of two more Python drivers, from the source packages on PyPI: asyncpg (binary formats, pipelined messages) and
psycopg2 (libpq). Usage: python_suite.py asyncpg|psycopg2 FOLDER_OF_THE_SOURCE. Prints "N passed, N failed, N skipped"."""
import os, sys, unittest

# Fail or can't run without a gateway too, here: they start servers of their own, or look into libpq's memory.
LEFT_OUT = {
    'asyncpg': ('test_type_cache_invalidation_in_pool', 'test_connect.TestConnectionAttributes'),
    'psycopg2': ('test_pgconn_ptr',),
}

driver, folder = sys.argv[1:]
for name, value in {'HOST': os.environ['PGHOST'], 'PORT': os.environ['PGPORT'], 'USER': 'postgres', '': 'postgres'}.items():
    os.environ['PSYCOPG2_TESTDB' + (f'_{name}' if name else '')] = value
os.environ.update(PGUSER='postgres', PGDATABASE='postgres')
os.chdir(folder)
sys.path.insert(0, folder)


def cases(suite):
    for item in suite:
        if isinstance(item, unittest.TestSuite): yield from cases(item)
        elif not any(f'{name}.' in f'{item.id()}.' for name in LEFT_OUT[driver]): yield item


if driver == 'asyncpg': found = unittest.defaultTestLoader.discover('tests', top_level_dir='.')
else:
    import tests
    found = tests.test_suite()
chosen = unittest.TestSuite(cases(found)) if driver == 'asyncpg' else unittest.TestSuite([*cases(found)])
result = unittest.TextTestRunner(stream=sys.stderr, verbosity=1).run(chosen)
broken = [*result.failures, *result.errors, *((test, '') for test in result.unexpectedSuccesses)]
for test, _ in broken: print('FAILED', test.id())
skipped = len(result.skipped)
print(f'{result.testsRun - len(broken) - skipped} passed, {len(broken)} failed, {skipped} skipped')
sys.exit(1 if broken else 0)
