import assert from 'node:assert/strict';
import {
  decodeBackend,
  encodeFrontend,
  encodeStartupPacket,
  FrameReader,
  type FrontendMessage,
} from '../../../filters/postgres/wire/index.js';
import { createAnalyzer, loadParser } from '../../../filters/sql/analyze.js';
import { count } from '../../support/long.js';
import { ModelServer } from '../../support/model-server.js';
import { forSeeds, type Random } from '../../support/random.js';
import { bytesOf, makeSession } from '../../support/session-harness.js';

const startup = encodeStartupPacket({ kind: 'startup', version: 196608, parameters: [{ name: 'user', value: Buffer.from('agent') }] });
const texts = [
  'select 1',
  'select 3',
  'select 1/0',
  'begin',
  'commit',
  '',
  'delete from t',
  'prepare s1 as select 2',
  'prepare s2 as delete from t',
  'execute s1',
  'execute s2',
  'deallocate all',
  'insert into t values (1)',
];
const names = ['', 's1', 's2'];
const refusal = { severity: 'ERROR', code: '42501', message: 'not here' };

/** A client that pipelines whatever it likes; `message` groups that belong together, like a COPY and its data. */
function script(random: Random): Buffer[] {
  const out: Buffer[] = [];
  const put = (message: FrontendMessage) => out.push(encodeFrontend(message));
  const text = () => Buffer.from(random.pick(texts));
  for (let i = 0; i < 4 + random.int(25); i++) {
    const kind = random.int(12);
    if (kind < 2) put({ name: 'Query', value: { text: random.chance(0.3) ? Buffer.concat([text(), Buffer.from('; '), text()]) : text() } });
    else if (kind < 5) put({ name: 'Parse', value: { statement: random.pick(names), text: text(), parameter_types: [] } });
    else if (kind < 7)
      put({
        name: 'Bind',
        value: { portal: random.pick(['', 'p1']), statement: random.pick(names), formats: [], values: [], result_formats: [] },
      });
    else if (kind === 7)
      put({ name: 'Describe', value: { target: random.pick(['statement', 'portal'] as const), name: random.pick(names) } });
    else if (kind === 8) put({ name: 'Execute', value: { portal: random.pick(['', 'p1']), rows_max: 0 } });
    else if (kind === 9) put({ name: 'Close', value: { target: random.pick(['statement', 'portal'] as const), name: random.pick(names) } });
    else if (kind === 10) put({ name: 'Sync', value: {} });
    else copyIn(random, put);
  }
  put({ name: 'Sync', value: {} });
  return out;
}

function copyIn(random: Random, put: (message: FrontendMessage) => void): void {
  put({ name: 'Sync', value: {} });
  put({ name: 'Query', value: { text: Buffer.from('copy t from stdin') } });
  for (let n = random.int(3); n > 0; n--) put({ name: 'CopyData', value: { data: Buffer.from('1\n') } });
  if (random.chance(0.8)) put({ name: 'CopyDone', value: {} });
  else put({ name: 'CopyFail', value: { reason: Buffer.from('no') } });
}

/** What the client would read with nothing in between, where the server itself refused what the gateway refuses. */
function direct(messages: Buffer[], mode: Mode): { read: string[]; ran: string[] } {
  const refuses = (text: string) => (/(^|;|as)\s*delete/.test(text) ? refusal : undefined);
  const model = new ModelServer(mode === 'deny' ? { refuses } : mode === 'hold' ? { refusesToRun: refuses } : {});
  const read = Buffer.concat([startup, ...messages].map((m) => model.receive(m)));
  return { read: shown(read), ran: model.ran };
}

/** One line a message; request ids are left out, since the model does not number requests. */
function shown(bytes: Buffer): string[] {
  const reader = new FrameReader('backend', { message_bytes_max: 1 << 20, stream_bytes_max: 1 << 20 });
  reader.push(bytes);
  const lines: string[] = [];
  for (let frame = reader.next(); frame !== undefined; frame = reader.next()) {
    const text = frame.buf
      .toString('latin1', frame.body, frame.end)
      .replace(/D(Rule|Approval)[^\0]*\0H[^\0]*\0/, '')
      .replace(/Mdenied/, 'Mnot here');
    lines.push(`${decodeBackend(frame).name} ${text.replace(/[^ -~]/g, '.')}`);
  }
  assert.equal(reader.buffered, 0, 'the client was sent half a message');
  return lines;
}

/** deny: refused at Parse and Query; hold: held when it would run, and then denied; approve: held and then approved. */
type Mode = 'deny' | 'hold' | 'approve';

function through(
  messages: Buffer[],
  mode: Mode,
  random: Random,
  analyzer: ReturnType<typeof createAnalyzer>,
): { read: string[]; ran: string[]; closed: string } {
  const session = makeSession({
    analyzer,
    decide: (what) => (what.startsWith('delete') ? (mode === 'deny' ? 'deny' : 'approve') : 'allow'),
  });
  const model = new ModelServer();
  const toGateway: Buffer[] = cut(Buffer.concat([startup, ...messages]), random);
  const toServer: Buffer[] = [];
  const fromServer: Buffer[] = [];
  const read: Buffer[] = [];
  const decisions: string[] = [];
  let closed = '';
  const step = (input: Parameters<typeof session.step>[0]) => {
    const effects = session.step(input);
    const up = bytesOf(effects, 'upstream');
    if (up.length > 0) toServer.push(...cut(up, random));
    read.push(bytesOf(effects, 'downstream'));
    decisions.push(...effects.holds.map((h) => h.operation.hold));
    if (effects.close) closed = effects.records.at(-1)?.json ?? 'closed';
  };
  while (toGateway.length + toServer.length + fromServer.length + decisions.length > 0) {
    const choice = random.int(4);
    if (choice === 3 && decisions.length > 0) {
      const outcome = mode === 'approve' ? 'approved' : 'denied';
      step({ type: 'approval', hold: decisions.shift()!, outcome, reason: '', decisions: [], lease: '' });
    }
    if (choice === 0 && toGateway.length > 0) step({ type: 'downstream', bytes: toGateway.shift()!, end: false });
    else if (choice === 1 && toServer.length > 0) {
      const answer = model.receive(toServer.shift()!);
      if (answer.length > 0) fromServer.push(...cut(answer, random));
    } else if (choice === 2 && fromServer.length > 0) step({ type: 'upstream', bytes: fromServer.shift()!, end: false });
  }
  assert.equal(session.stall, undefined, 'nothing may be left waiting');
  return { read: shown(Buffer.concat(read)), ran: model.ran, closed };
}

/**
 * An Execute may come after the transaction of its portal has ended and before the gateway hears of that. It is held then, and the
 * client reads who refused it where the server would say that there is no such portal: it runs neither way.
 */
function refusedEitherWay(read: string[], expected: string[]): string[] {
  return read.map((line, i) => (isError(line, refusal.code) && isError(expected[i], '34000') ? expected[i]! : line));
}

const isError = (line: string | undefined, code: string): boolean => line?.startsWith(`ErrorResponse SERROR.VERROR.C${code}.`) === true;

function cut(bytes: Buffer, random: Random): Buffer[] {
  const out: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const size = random.chance(0.3) ? 1 + random.int(4) : 1 + random.int(bytes.length);
    out.push(Buffer.from(bytes.subarray(at, at + size)));
    at += size;
  }
  return out;
}

describe('the session machine under random pipelines, splits and interleavings', () => {
  before(loadParser);

  const run = (mode: Mode) => () => {
    const analyzer = createAnalyzer({ cache_entries_max: 1000, cache_bytes_max: 1 << 20, statement_bytes_max: 1 << 20 });
    forSeeds(count(800, 20_000), (random) => {
      const messages = script(random);
      const expected = direct(messages, mode);
      const got = through(messages, mode, random, analyzer);
      assert.equal(got.closed, '');
      if (mode !== 'approve') assert.ok(!got.ran.some((text) => text.startsWith('delete')), `ran ${got.ran.join(' | ')}`);
      assert.deepEqual(mode === 'hold' ? refusedEitherWay(got.read, expected.read) : got.read, expected.read);
      assert.deepEqual(got.ran, expected.ran);
    });
  };

  it('gives the client what a server that refuses by itself would give, and never runs what is refused', run('deny'));
  it('does the same for what is held and then denied', run('hold'));
  it('changes nothing for what is held and then approved', run('approve'));
});
