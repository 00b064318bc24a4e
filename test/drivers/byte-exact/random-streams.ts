import { random } from '../../bench/random.js';
import type { Stream } from './converse.js';
import * as m from './messages.js';
import { atOnce } from './streams.js';

const statements = [
  'select 1',
  'select id, t from plain where id < $1::int',
  'select * from plain',
  'begin',
  'commit',
  'rollback',
  'savepoint a',
  'rollback to a',
  'select 1/0',
  'selec',
  '',
  'select noisy(1)',
  "insert into scratch values ($1::int, 'x') returning id",
  'show timezone',
  'listen news',
  "notify news, 'x'",
  'copy keyed to stdout',
  'select; select',
  'declare c cursor for select id from plain',
  'fetch 2 from c',
  'prepare q as select 5',
  'execute q',
  'deallocate all',
  "set application_name = 'a'",
  'set client_min_messages = warning',
];
const names = ['', '', 'a', 'b'];

/** Sequences of messages that are each valid, in orders that no driver would send, from a seed. All are sent in one write. */
export function randomStreams(count: number, seed: number): Stream[] {
  return Array.from({ length: count }, (_, i) => {
    const next = random(seed + i);
    const length = 5 + Math.floor(next() * 40);
    return atOnce(
      `random messages, seed ${seed + i}`,
      ...Array.from({ length }, () => randomMessage(next)),
      m.copyFail('over'),
      m.sync,
      m.query('rollback'),
    );
  });
}

function copyIn(next: () => number): Buffer[] {
  // Sync and Flush are eaten while the COPY lasts; after a line that fails it, they are not.
  const lines = [
    m.copyData('1\tx\n'),
    m.copyData('2\ty\n3\tz\n'),
    m.copyData('4\ta b\n'),
    m.flush,
    m.sync,
    m.sync,
    ...(next() < 0.2 ? [m.copyData('no number\tx\n')] : []),
  ];
  const count = Math.floor(next() * 7);
  return [...Array.from({ length: count }, () => lines[Math.floor(next() * lines.length)]!), next() < 0.5 ? m.copyDone : m.copyFail('no')];
}

function randomMessage(next: () => number): Buffer {
  const one = <T>(list: readonly T[]): T => list[Math.floor(next() * list.length)]!;
  const values = () => (next() < 0.4 ? [one(['3', '7', 'x', null])] : []);
  const kinds: (() => Buffer)[] = [
    () => m.parse(one(statements), one(names)),
    () => m.parse(one(statements), one(names)),
    () => m.bind(values(), { statement: one(names), portal: one(names), results: one([[], [0], [1]]) }),
    () => m.bind(values(), { statement: one(names), portal: one(names) }),
    () => m.execute(one(names), one([0, 0, 1, 5])),
    () => m.execute(one(names), one([0, 0, 1, 5])),
    () => m.describeStatement(one(names)),
    () => m.describePortal(one(names)),
    () => one([m.closeStatement, m.closePortal])(one(names)),
    () => m.sync,
    () => m.flush,
    () => m.query(one(statements)),
    () => one([m.copyData('1\tx\n'), m.copyDone, m.copyFail('no')]),
    () => Buffer.concat([m.parse(one(statements)), m.bind(values()), m.describePortal(), m.execute(), m.sync]),
    // COPY in goes on until its end: what else comes in it makes the server close, with or without a reset that eats its last
    // words. The gateway closes by itself then, and says so in its own words.
    () => Buffer.concat([m.query('copy scratch from stdin'), ...copyIn(next)]),
    // Under a name that no other message uses, for the same reason.
    () =>
      Buffer.concat([
        m.sync,
        m.closeStatement('copying'),
        m.parse('copy scratch from stdin', 'copying'),
        m.bind([], { statement: 'copying', portal: 'copying' }),
        m.execute('copying'),
        ...copyIn(next),
        m.sync,
      ]),
  ];
  return one(kinds)();
}
