import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import type { Config } from '../../../extproc/config/types.js';
import { Backoff } from '../../../extproc/serve/backoff.js';
import { Broker } from '../../../extproc/serve/broker.js';
import type { FromWorker, Listening, ToWorker, WorkerSettings } from '../../../extproc/serve/messages.js';
import { AskedSiblings, QUESTIONS_MAX } from '../../../extproc/serve/siblings.js';
import { removeStaleSocket } from '../../../extproc/serve/stale-socket.js';
import { startSupervisor } from '../../../extproc/serve/supervisor.js';
import type { WorkerProcess } from '../../../extproc/serve/worker-process.js';
import { Registry } from '../../../extproc/services/connection.js';
import { MidstreamError } from '../../../filters/errors.js';

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('serve: backoff', () => {
  it('doubles up to a bound, and begins anew after a worker that lived', () => {
    const backoff = new Backoff();
    assert.deepEqual(
      [0, 0, 5, 0].map((lived) => backoff.next(lived)),
      [100, 200, 400, 800],
    );
    for (let i = 0; i < 100; i++) backoff.next(0);
    assert.equal(backoff.next(0), 10_000);
    assert.equal(backoff.next(60_000), 100);
  });
});

describe('serve: questions between workers', () => {
  const world = (workers: number, answer_ms_max = 60_000) => {
    const broker = new Broker(answer_ms_max);
    const got = Array.from({ length: workers }, () => [] as ToWorker[]);
    for (const [i, messages] of got.entries()) broker.joined(i + 1, (message) => messages.push(message));
    const ask = () => broker.take(1, { type: 'ask', id: 77, question: { kind: 'cancel', key: 'ab' } });
    const reply = (worker: number, answer: string) => {
      const question = got[worker - 1]!.find((one) => one.type === 'question') as { id: number };
      broker.take(worker, { type: 'reply', id: question.id, answer });
    };
    return { broker, got, ask, reply };
  };
  const answer = (text: string) => [{ type: 'answer', id: 77, answer: text }];

  it('go to all others, and the first answer that is one comes back, once', () => {
    const { got, ask, reply } = world(3);
    ask();
    assert.deepEqual(
      got.map((messages) => messages.length),
      [0, 1, 1],
    );
    reply(2, '');
    assert.deepEqual(got[0], []);
    reply(3, 'cancelled');
    reply(3, 'cancelled');
    assert.deepEqual(got[0], answer('cancelled'));
  });

  it('are answered `no` when all said so, when a worker is gone, when there is none, and when nobody speaks', async () => {
    const all = world(3);
    all.ask();
    all.reply(2, '');
    all.reply(3, '');
    assert.deepEqual(all.got[0], answer(''));
    const gone = world(2);
    gone.ask();
    gone.broker.left(2);
    assert.deepEqual(gone.got[0], answer(''));
    const alone = world(1);
    alone.ask();
    assert.deepEqual(alone.got[0], answer(''));
    const silent = world(2, 1);
    silent.ask();
    while (silent.got[0]!.length === 0) await turn();
    assert.deepEqual(silent.got[0], answer(''));
  });

  it('take no answer from a worker that was not asked', () => {
    const { broker, got, ask } = world(2);
    ask();
    const { id } = got[1]![0] as { id: number };
    broker.take(1, { type: 'reply', id, answer: 'forged' });
    broker.take(2, { type: 'reply', id: id + 1, answer: 'of another question' });
    assert.deepEqual(got[0], []);
    broker.left(2);
  });

  it('are bounded in number on the side that asks', async () => {
    const sent: FromWorker[] = [];
    const siblings = new AskedSiblings((message) => sent.push(message));
    const open = Array.from({ length: QUESTIONS_MAX }, () => siblings.sessionOf('a/1'));
    assert.equal(await siblings.cancelHeld('ab'), false);
    assert.equal(sent.length, QUESTIONS_MAX);
    siblings.redefined('shop');
    assert.deepEqual(sent.pop(), { type: 'ask', id: QUESTIONS_MAX + 1, question: { kind: 'redefined', database: 'shop' } });
    for (const message of sent) if (message.type === 'ask') siblings.answered(message.id, `s${message.id}`);
    assert.deepEqual((await Promise.all(open)).slice(0, 2), ['s1', 's2']);
    const asked = siblings.cancelHeld('ab');
    const { id } = sent.at(-1) as { id: number };
    siblings.answered(id, 'cancelled');
    assert.equal(await asked, true);
  });

  it('are not asked for a cancel key that is known here', () => {
    const registry = new Registry(async () => true);
    assert.ok(registry.cancelElsewhere('ab') instanceof Promise);
    registry.byCancelKey.set('ab', { session: {} } as never);
    assert.equal(registry.cancelElsewhere('ab'), undefined);
    assert.equal(new Registry().cancelElsewhere('ab'), undefined);
  });
});

describe('serve: sockets that were left behind', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ms-sock-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('of a process that was killed are removed', async () => {
    const path = join(folder, 'a.sock');
    const child = spawn(
      process.execPath,
      ['-e', `require('net').createServer().listen(${JSON.stringify(path)}, () => console.log('up'))`],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    await once(child.stdout!, 'data');
    child.kill('SIGKILL');
    await once(child, 'close');
    assert.ok(existsSync(path));
    await removeStaleSocket(`unix:${path}`);
    assert.ok(!existsSync(path));
  });

  it('are left alone where somebody listens or no socket is, and addresses and absent paths are none', async () => {
    const path = join(folder, 'b.sock');
    const server = createServer().listen(path);
    await once(server, 'listening');
    await assert.rejects(removeStaleSocket(`unix:${path}`), /another process does/);
    assert.ok(existsSync(path));
    await new Promise((resolve) => server.close(resolve));
    writeFileSync(join(folder, 'file'), 'x');
    await assert.rejects(removeStaleSocket(`unix:${join(folder, 'file')}`), /no socket/);
    assert.ok(existsSync(join(folder, 'file')));
    await removeStaleSocket('127.0.0.1:1');
    await removeStaleSocket(`unix:${join(folder, 'nothing')}`);
  });
});

describe('serve: the supervisor', () => {
  interface Fake extends WorkerProcess {
    settings: WorkerSettings;
    sent: ToWorker[];
    up(): void;
    fail(error: Error): void;
    end(): void;
  }
  /** Workers that do what the test says; `stop` ends them. */
  const fakes = () => {
    const forked: Fake[] = [];
    const fork = (settings: WorkerSettings): WorkerProcess => {
      let up = (_: Listening) => {};
      let fail = (_: Error) => {};
      let end = (_: string) => {};
      const ready = new Promise<Listening>((resolve, reject) => {
        up = resolve;
        fail = reject;
      });
      ready.catch(() => {});
      const ended = new Promise<string>((resolve) => {
        end = resolve;
      });
      const fake: Fake = {
        pid: 100 + forked.length,
        settings,
        sent: [],
        ready,
        ended,
        send: (message) => {
          fake.sent.push(message);
          if (message.type === 'stop') end('exit code 0');
        },
        kill: () => end('SIGKILL'),
        up: () => up({ grpc: `grpc-${settings.number}`, hops: [], api: '', metrics: '' }),
        fail,
        end: () => end('SIGSEGV'),
      };
      forked.push(fake);
      return fake;
    };
    return { forked, fork };
  };
  const settings = { config: {} as Config, version: 'test', mask_key: new Uint8Array(32) };
  const until = async (holds: () => boolean) => {
    while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5));
  };
  const start = (fork: ReturnType<typeof fakes>['fork']) => startSupervisor({ workers: 3, settings, log: pino({ level: 'silent' }), fork });
  const allUp = async () => {
    const { forked, fork } = fakes();
    const starting = start(fork);
    forked[0]!.up();
    await until(() => forked.length === 3);
    for (const one of forked) one.up();
    return { forked, supervisor: await starting };
  };

  it('starts the first worker alone, then the others, with numbers of their own and one key', async () => {
    const { forked, fork } = fakes();
    const starting = start(fork);
    await turn();
    assert.equal(forked.length, 1);
    forked[0]!.up();
    await until(() => forked.length === 3);
    for (const one of forked) one.up();
    const supervisor = await starting;
    assert.deepEqual(
      supervisor.listening.map(({ grpc }) => grpc),
      ['grpc-1', 'grpc-2', 'grpc-3'],
    );
    assert.ok(forked.every((one) => one.settings.mask_key === settings.mask_key));
    supervisor.reload();
    assert.ok(forked.every((one) => one.sent.some(({ type }) => type === 'reload')));
    await supervisor.stop('over');
    assert.deepEqual(supervisor.pids(), []);
    assert.equal(forked.length, 3, 'what was stopped is not started again');
  });

  it('starts a worker again that ended, also when the next does not start', async () => {
    const { forked, supervisor } = await allUp();
    forked[1]!.end();
    await until(() => forked.length === 4);
    assert.equal(forked[3]!.settings.number, 2);
    forked[3]!.fail(new Error('the policy is broken'));
    forked[3]!.end();
    await until(() => forked.length === 5);
    forked[4]!.up();
    await until(() => supervisor.pids().length === 3);
    assert.deepEqual(supervisor.pids(), [100, 104, 102]);
    await supervisor.stop('over');
  });

  it('has the approvals API served by one worker, by another when that one ends', async () => {
    const { forked, supervisor } = await allUp();
    const told = (one: Fake) => one.sent.some(({ type }) => type === 'serve_api');
    assert.deepEqual(
      forked.map((one) => one.settings.serves_api),
      [true, false, false],
    );
    assert.ok(!forked.some(told));
    forked[0]!.end();
    await until(() => forked.some(told));
    assert.deepEqual(forked.map(told), [false, true, false]);
    await until(() => forked.length === 4);
    assert.equal(forked[3]!.settings.serves_api, false, 'who is back does not take it again');
    forked[3]!.up();
    await until(() => supervisor.pids().length === 3);
    await turn();
    // Now all end: who comes back first has it, and only that one.
    for (const one of forked.slice(1)) one.end();
    await until(() => forked.length === 7);
    const back = forked.slice(4);
    for (const one of back) one.up();
    await until(() => supervisor.pids().length === 3);
    await turn();
    assert.equal(back.filter((one) => one.settings.serves_api || told(one)).length, 1);
    await supervisor.stop('over');
  });

  it('stops what had started when one does not, and gives its error', async () => {
    const { forked, fork } = fakes();
    const starting = start(fork);
    forked[0]!.up();
    await until(() => forked.length === 3);
    forked[1]!.up();
    forked[2]!.fail(new MidstreamError('unavailable', 'the port is taken'));
    forked[2]!.end();
    await assert.rejects(starting, { code: 'unavailable', message: 'the port is taken' });
    assert.ok(forked[0]!.sent.some(({ type }) => type === 'stop') && forked[1]!.sent.some(({ type }) => type === 'stop'));
  });
});
