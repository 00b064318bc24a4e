"""libpq 17 and newer, every sslmode by both ways of asking for TLS, with and without a client certificate. Prints who it was once all came as it should."""
import itertools, os, sys, threading, time, psycopg

CA, CERT, KEY = os.environ['CA'], os.environ['CLIENT_CERT'], os.environ['CLIENT_KEY']
ROLE, ROLE_PASSWORD, ADDRESS = os.environ['ROLE'], os.environ['ROLE_PASSWORD'], os.environ['WANTED'].split()[1]
PORTS = {name: os.environ[f'PORT_{name.upper()}'] for name in ('required', 'optional', 'passing')}
SPIFFE = 'spiffe://shop.example/agent/reporter'
WEAK = ('disable', 'allow', 'prefer')
failures = []


def token():
    return open(os.environ['TOKEN_FILE']).read()


def attempt(listener, sslmode, negotiation, certificate, **more):
    """What came of it: ('tls' or 'clear', role, application_name), or ('error', libpq's words)."""
    words = dict(host='localhost', port=PORTS[listener], dbname='postgres', sslmode=sslmode, sslnegotiation=negotiation, sslrootcert=CA, connect_timeout=30)
    words |= dict(user=ROLE, password=ROLE_PASSWORD) if listener == 'passing' else dict(user='whoever')
    if certificate:
        words |= dict(sslcert=CERT, sslkey=KEY)
    elif listener != 'passing':
        words |= dict(password=token())
    if sslmode in ('disable', 'allow', 'require', 'prefer'):
        words.pop('sslrootcert')
    try:
        with psycopg.connect(**(words | more)) as one:
            role, name = one.execute("select current_user, current_setting('application_name')").fetchone()
            return ('tls' if one.pgconn.ssl_in_use else 'clear', role, name)
    except psycopg.OperationalError as error:
        return ('error', str(error))


def expected(listener, sslmode, negotiation, certificate):
    """What a user of libpq expects; a text: these words in the error."""
    if negotiation == 'direct' and sslmode in WEAK:
        return f'weak sslmode "{sslmode}" may not be used with sslnegotiation=direct'
    if listener == 'passing':
        # `allow` begins in clear, which is let in here.
        return ('clear' if sslmode in ('disable', 'allow') else 'tls', ROLE, '')
    if sslmode == 'disable':
        return 'reached over TLS only' if listener == 'required' else 'over an encrypted connection only'
    # `allow` is refused in clear, and asks again over TLS by itself.
    return ('tls', ROLE, SPIFFE if certificate else ADDRESS)


def check(what, wanted, came):
    good = came[0] == 'error' and wanted in came[1] if isinstance(wanted, str) else came == wanted
    if not good:
        failures.append(f'{what}: {came}, and not {wanted}')


def cancels(negotiation):
    """PQcancelStart asks for it over TLS, as the connection itself."""
    words = dict(host='localhost', port=PORTS['required'], dbname='postgres', user='whoever', password=token())
    with psycopg.connect(**words, sslmode='verify-full', sslrootcert=CA, sslnegotiation=negotiation) as one:
        done = threading.Event()

        def ask():
            while not done.wait(0.5):
                one.cancel_safe(timeout=30)

        asking = threading.Thread(target=ask)
        asking.start()
        try:
            one.execute('select pg_sleep(60)')
            return ('error', 'it ran to its end')
        except psycopg.errors.QueryCanceled as error:
            return ('error', str(error))
        finally:
            done.set()
            asking.join()


assert psycopg.pq.version() >= 170000, 'libpq is older than 17'
cases = list(itertools.product(PORTS, (*WEAK, 'require', 'verify-ca', 'verify-full'), ('postgres', 'direct'), (False, True)))
for case in cases:
    check(' '.join(map(str, case)), expected(*case), attempt(*case))
for negotiation in ('postgres', 'direct'):
    check(f'{negotiation}: cancel', 'canceling statement due to user request', cancels(negotiation))
    check(f'{negotiation}: a token that is wrong', 'not a token that is known', attempt('required', 'require', negotiation, False, password='wrong'))
    check(f'{negotiation}: neither token nor certificate', 'no password supplied', attempt('required', 'require', negotiation, False, password=''))
    check(f'{negotiation}: the name is another', 'does not match host name', attempt('required', 'verify-full', negotiation, False, host='elsewhere', hostaddr='127.0.0.1'))
    check(f'{negotiation}: an authority that is not believed', 'certificate verify failed', attempt('required', 'verify-full', negotiation, False, sslrootcert=os.environ['OTHER_CA']))
    check(f'{negotiation}: channel binding', 'channel binding', attempt('required', 'require', negotiation, False, channel_binding='require'))
    check(f'{negotiation}: channel binding, passing', 'channel binding', attempt('passing', 'require', negotiation, False, channel_binding='require'))
if failures:
    sys.exit('\n'.join(failures))
print(os.environ['WANTED'])
