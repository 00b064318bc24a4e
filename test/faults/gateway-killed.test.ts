import assert from 'node:assert/strict';
import { verifyRecordings } from '../../extproc/stores/recordings/verify/index.js';
import type { Postgres } from '../../extproc/process/postgres.js';
import { count, full } from '../support/long.js';
import { type ClientPeer, connectPeer, front } from '../support/pg-peer.js';
import { type Fleet, startFleet } from './support/fleet.js';
import { startup, tell } from './support/raw.js';
import { type Seeded, seeded } from './support/seeded.js';
import { loggingPostgres, serverLog } from './support/server.js';
import { eventually, pause, recordedEvents, transports } from './support/world.js';

const KILLS = count(2, 200);
const FAULTS = count(12, 500);
const ROWS = 400;
const AGENTS = 4;

const seed = `create table cards (id int primary key, card text, note text);
insert into cards select i, '4111 1111 1111 1111', repeat('n', 200) from generate_series(1, ${ROWS}) i;`;

const policy = `
version: 1
masks: [{ name: cards, detect: [credit_card], as: partial }]
defaults: { unparsed: deny, opaque: allow, grammar: pin, allow: true }
`;

/** What every whole result must be, to the byte: the DataRow messages of `select id, card, note from cards order by id`. */
const expectedRows: Buffer[] = Array.from({ length: ROWS }, (_, i) => dataRow(String(i + 1), '**** **** **** 1111', 'n'.repeat(200)));

function dataRow(...cells: string[]): Buffer {
  const body = Buffer.concat(cells.flatMap((cell) => [int32(cell.length), Buffer.from(cell)]));
  return Buffer.concat([Buffer.from('D'), int32(body.length + 6), Buffer.from([0, cells.length]), body]);
}

function int32(value: number): Buffer {
  const out = Buffer.alloc(4);
  out.writeInt32BE(value);
  return out;
}

/** A name without digits, so that no detector takes it for anything. */
const tagOf = (transport: string, n: number): string => `tag_${transport}_${[...String(n)].map((d) => 'abcdefghij'[Number(d)]).join('')}_`;

/** Agents that ask without end, and check every byte that they get. */
class Load {
  whole = 0;
  broken = 0;
  private tags = 0;
  private stopped = false;
  private readonly runs: Promise<void>[] = [];
  private readonly problems: string[] = [];

  constructor(
    private readonly fleet: Fleet,
    private readonly transport: string,
    private readonly first: number,
  ) {}

  get lastTag(): number {
    return this.first + this.tags;
  }

  start(): this {
    for (let i = 0; i < AGENTS; i++) this.runs.push(this.agent(i % 2 === 0));
    return this;
  }

  /** Throws what an agent saw that it should not have seen. */
  async stop(): Promise<void> {
    this.stopped = true;
    await Promise.all(this.runs);
    assert.deepEqual(this.problems, []);
  }

  private async agent(simple: boolean): Promise<void> {
    while (!this.stopped) {
      const peer = await this.login();
      if (peer === undefined) {
        await pause(20);
        continue;
      }
      while (!this.stopped && (await this.ask(peer, simple)));
      peer.destroy();
    }
  }

  private async login(): Promise<ClientPeer | undefined> {
    let peer: ClientPeer | undefined;
    try {
      peer = await connectPeer(this.fleet.port);
      await peer.start({ user: 'postgres', database: this.fleet.database });
      return peer;
    } catch {
      peer?.destroy();
      return undefined;
    }
  }

  /** One result: complete and exact, or broken off by an error or the end, with nothing but right rows before. */
  private async ask(peer: ClientPeer, simple: boolean): Promise<boolean> {
    const text = `select /* ${tagOf(this.transport, this.first + ++this.tags)} */ id, card, note from cards order by id`;
    if (simple) peer.send(front.query(text));
    else peer.send(front.parse(text), front.bind(), front.describe('portal'), front.execute(), front.sync());
    let rows = 0;
    try {
      for (;;) {
        const message = await peer.receive();
        if (message.raw.includes('4111')) this.problems.push(`unmasked: ${message.raw.toString('latin1').slice(0, 80)}`);
        if (message.name === 'DataRow' && !message.raw.equals(expectedRows[rows++] ?? Buffer.alloc(0))) this.problems.push(`row ${rows} is ${message.raw.toString('latin1')}`);
        if (message.name === 'CommandComplete' && rows !== ROWS) this.problems.push(`complete, with ${rows} rows`);
        if (message.name === 'CommandComplete') this.whole++;
        if (message.name === 'ErrorResponse') this.broken++;
        if (message.name === 'ReadyForQuery') return true;
      }
    } catch (error) {
      if (/nothing came/.test(String(error))) this.problems.push(`an agent waits for good after ${rows} rows`);
      this.broken++;
      return false;
    }
  }
}

for (const transport of transports) {
  describe(`A gateway that fails by ${transport}, while Envoy lives`, function () {
    this.timeout(full ? 1_800_000 : 120_000);
    let server: Postgres;
    let fleet: Fleet;
    let random: Seeded;
    let tags = 0;

    before(async () => {
      server = await loggingPostgres();
      fleet = await startFleet({ transport, server, policy, seed });
      random = seeded(`faults by ${transport}`);
    });
    after(() => fleet?.finish());

    const serves = () =>
      eventually('connections pass again', async () => {
        const { messages } = await tell(fleet.port, [startup({ user: 'postgres', database: fleet.database }), Buffer.from([0x58, 0, 0, 0, 4])]);
        return messages.includes('ReadyForQuery') ? true : undefined;
      }, 30_000);

    it(`killed ${KILLS} times under load: every connection closes, nothing passes after, results are whole or an error and never unmasked`, async () => {
      for (let kill = 0; kill < KILLS; kill++) {
        await serves();
        const load = new Load(fleet, transport, tags).start();
        await eventually('results come', () => (load.whole >= AGENTS ? true : undefined), 30_000);
        await pause(random.below(60));
        fleet.signal('SIGKILL');
        await fleet.ended();
        const { raw } = await tell(fleet.port, [startup({ user: 'postgres', database: fleet.database })]);
        assert.equal(raw.length, 0, 'a connection passed without a gateway');
        await eventually('every connection closes', async () => {
          const open = await fleet.envoy.stats(/^(listener\.127.*downstream_cx_active|cluster\.postgres_upstream\.upstream_cx_active)$/);
          return Object.values(open).every((n) => n <= AGENTS) ? true : undefined;
        });
        await load.stop();
        tags = load.lastTag;
        const { problems } = await verifyRecordings(fleet.recordings);
        assert.deepEqual(problems, [], `the recording is whole up to the last committed event (${random.said})`);
        await fleet.restart();
      }
    });

    it('every statement in the log of the server has a durable record (durability: strict)', async () => {
      const tag = new RegExp(`tag_${transport}_[a-j]+_`, 'g');
      const recorded = new Set<string>();
      for (const event of await recordedEvents(fleet.recordings)) {
        if (event.type === 'request') for (const [name] of String(event['text']).matchAll(tag)) recorded.add(name);
      }
      const passed = new Set([...serverLog(server).matchAll(tag)].map(([name]) => name));
      assert.ok(passed.size >= KILLS * AGENTS, `only ${passed.size} statements passed`);
      assert.deepEqual([...passed].filter((name) => !recorded.has(name)), []);
    });

    it(`${FAULTS} faults in mid-result: complete or an error, never short, never unmasked`, async () => {
      await serves();
      const load = new Load(fleet, transport, 1_000_000).start();
      for (let i = 0; i < FAULTS; i++) {
        const before = load.whole;
        await eventually('results come', () => (load.whole > before ? true : undefined), 30_000);
        await pause(random.below(25));
        const fault = random.pick(['cut', 'cut', 'stop', full ? 'kill' : 'cut'] as const);
        if (fault === 'cut') fleet.cable.cut();
        else if (fault === 'stop') {
          fleet.signal('SIGSTOP');
          await pause(50 + random.below(100));
          fleet.signal('SIGCONT');
        } else {
          fleet.signal('SIGKILL');
          await fleet.restart();
        }
      }
      await load.stop();
      assert.ok(load.broken > 0, 'no fault hit a result');
    });

    it('stopped for a second by SIGSTOP under load, then continued: nothing is lost', async () => {
      await serves();
      const load = new Load(fleet, transport, 2_000_000).start();
      await eventually('results come', () => (load.whole >= AGENTS ? true : undefined), 30_000);
      fleet.signal('SIGSTOP');
      await pause(1000);
      fleet.signal('SIGCONT');
      const before = load.whole;
      await eventually('results come again', () => (load.whole > before + AGENTS ? true : undefined), 30_000);
      await load.stop();
      assert.equal(load.broken, 0);
    });

    it('restarted in order five times with live connections: each reads a FATAL, and no stream ends with OK while it lives', async () => {
      for (let i = 0; i < 5; i++) {
        await serves();
        const idle = await connectPeer(fleet.port);
        await idle.start({ user: 'postgres', database: fleet.database });
        const load = new Load(fleet, transport, 3_000_000 + i * 100_000).start();
        await eventually('results come', () => (load.whole >= AGENTS ? true : undefined), 30_000);
        fleet.signal('SIGTERM');
        const last = await idle.receive('a FATAL');
        assert.equal(last.name, 'ErrorResponse');
        await fleet.restart();
        await load.stop();
      }
      const stats = await fleet.envoy.stats(/streams_grpc_close$/);
      for (const [name, value] of Object.entries(stats)) assert.equal(value, 0, name);
      assert.deepEqual((await verifyRecordings(fleet.recordings)).problems, []);
    });
  });
}
