import { USER } from '../context.js';
import type { Step, Stream } from './converse.js';
import * as m from './messages.js';
import { DATABASE, PASSWORD_ROLE } from './seed.js';
import { hello, sent, session } from './streams.js';

const bye: Step = { send: m.terminate, until: 'end' };
const begin = (name: string, parameters: Record<string, string | Buffer>, ...more: Step[]): Stream => ({
  name,
  steps: [{ send: m.startup({ user: USER, database: DATABASE, ...parameters }), until: 1 }, ...more, bye],
});
const refused = (name: string, bytes: Buffer): Stream => ({ name, steps: [{ send: bytes, until: 'end' }] });

/** Ways to begin, and ways to be turned away. */
export function startupStreams(own: boolean): Stream[] {
  return [
    session('start-up'),
    begin(
      'start-up options',
      { options: '-c statement_timeout=12345 -c DateStyle=German,DMY', application_name: 'naïve é' },
      sent(1, m.query("show statement_timeout; select date '2001-02-03'")),
    ),
    begin('start-up in LATIN1', { client_encoding: 'LATIN1' }, sent(1, m.query(Buffer.from("select 'é' as é, chr(233)", 'latin1')))),
    begin(
      'search_path and role settings at start-up',
      { search_path: 'pg_catalog, public', TimeZone: 'Asia/Tokyo' },
      sent(1, m.query('show search_path; show timezone; select id from plain limit 2')),
    ),
    begin(
      'replication=database',
      { replication: 'database' },
      sent(1, m.query('select 1 as one')),
      sent(1, m.query('SHOW work_mem')),
      sent(1, m.query('NONSENSE')),
    ),
    {
      name: 'protocol 3.2',
      steps: [{ send: m.startup({ user: USER, database: DATABASE }, 196610), until: 1 }, sent(1, m.query('select 1')), bye],
    },
    {
      name: 'a protocol option',
      steps: [{ send: m.startup({ user: USER, database: DATABASE, '_pq_.unknown': 'on' }), until: 1 }, sent(1, m.query('select 1')), bye],
    },
    { name: 'SSLRequest', steps: [{ send: m.sslRequest, until: 'byte' }, { send: hello, until: 1 }, sent(1, m.query('select 1')), bye] },
    // No GSSENCRequest: Debian's server takes it up, and the gateway, which must read what passes, does not.
    refused('no such database', m.startup({ user: USER, database: 'no_such_database' })),
    refused('no such role', m.startup({ user: 'no_such_role', database: DATABASE })),
    refused('a setting that is wrong', m.startup({ user: USER, database: DATABASE, DateStyle: 'nonsense' })),
    refused('a setting that is unknown', m.startup({ user: USER, database: DATABASE, no_such_setting: '1' })),
    refused('an encoding that is unknown', m.startup({ user: USER, database: DATABASE, client_encoding: 'KLINGON' })),
    refused('a cancel key of nobody', m.cancelRequest(999_999, 42)),
    ...(own ? passwords : []),
  ];
}

const passwords: Stream[] = [
  {
    name: 'the right password',
    steps: [
      { send: m.startup({ user: PASSWORD_ROLE, database: DATABASE }), until: { type: 'R' } },
      { send: m.password('secret'), until: 1 },
      sent(1, m.query('select current_user')),
      bye,
    ],
  },
  {
    name: 'the wrong password',
    steps: [
      { send: m.startup({ user: PASSWORD_ROLE, database: DATABASE }), until: { type: 'R' } },
      { send: m.password('wrong'), until: 'end' },
    ],
  },
];
