import assert from 'node:assert/strict';
import { type ClientPeer, connectPeer, front } from '../../support/pg-peer.js';
import { type Fleet, letters } from './fleet.js';
import { pause } from './world.js';

/** Rows of every result; they pass in many pieces. */
export const ROWS = 1500;
const NOTE = 'n'.repeat(200);
/** Rows that one Execute asks for, where the result comes in portions. */
const PORTION = 400;

export const loadSeed = `create table cards (id int primary key, card text, note text);
insert into cards select i, '4111 1111 1111 1111', repeat('n', ${NOTE.length}) from generate_series(1, ${ROWS}) i;`;

export const loadPolicy = `
version: 1
masks: [{ name: cards, detect: [credit_card], as: partial }]
defaults: { unparsed: deny, opaque: allow, grammar: pin, allow: true }
`;

/** The ways in which agents read the same rows. */
const ways = ['simple', 'binary', 'portions', 'copy'] as const;
type Way = (typeof ways)[number];
export const AGENTS = ways.length;

/** What every whole result must be, to the byte. */
const expected: Record<Way, Buffer[]> = {
  simple: Array.from({ length: ROWS }, (_, i) => dataRow(Buffer.from(String(i + 1)))),
  binary: Array.from({ length: ROWS }, (_, i) => dataRow(int32(i + 1))),
  portions: Array.from({ length: ROWS }, (_, i) => dataRow(Buffer.from(String(i + 1)))),
  copy: Array.from({ length: ROWS }, (_, i) => framed('d', Buffer.from(`${i + 1}\t**** **** **** 1111\t${NOTE}\n`))),
};

function dataRow(id: Buffer): Buffer {
  const cells = [id, Buffer.from('**** **** **** 1111'), Buffer.from(NOTE)];
  return framed('D', Buffer.concat([Buffer.from([0, cells.length]), ...cells.flatMap((cell) => [int32(cell.length), cell])]));
}

function framed(type: string, body: Buffer): Buffer {
  return Buffer.concat([Buffer.from(type), int32(body.length + 4), body]);
}

function int32(value: number): Buffer {
  const out = Buffer.alloc(4);
  out.writeInt32BE(value);
  return out;
}

let tags = 0;

/** Agents that ask without end, and hold every byte that they get against what it must be. */
export class Load {
  /** results that came to their end */
  whole = 0;
  /** results that ended in an error, or with their connection */
  broken = 0;
  /** connections that ended without the server's or the gateway's FATAL */
  silent = 0;
  private stopped = false;
  private readonly runs: Promise<void>[] = [];
  private readonly problems: string[] = [];
  private waiting: { row: number; reached: () => void } | undefined;

  constructor(private readonly fleet: Fleet) {}

  start(): this {
    for (const way of ways) this.runs.push(this.agent(way));
    return this;
  }

  private get over(): boolean {
    return this.stopped || this.fleet.finished;
  }

  /** Throws what an agent saw that it should not have seen. */
  async stop(): Promise<void> {
    this.stopped = true;
    await Promise.all(this.runs);
    assert.deepEqual(this.problems, []);
  }

  /** Settles when some agent has read this row of a result. */
  reading(row: number): Promise<void> {
    return new Promise((reached) => {
      this.waiting = { row, reached };
    });
  }

  private async agent(way: Way): Promise<void> {
    while (!this.over) {
      const peer = await this.login();
      if (peer === undefined) {
        await pause(20);
        continue;
      }
      while (!this.over && (await this.ask(peer, way)));
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
  private async ask(peer: ClientPeer, way: Way): Promise<boolean> {
    this.send(peer, way, `select /* ${this.fleet.tag}_${letters(++tags)}_ */ id, card, note from cards order by id`);
    const result = { rows: 0, failed: false };
    try {
      for (;;) {
        const message = await peer.receive();
        if (message.raw.includes('4111')) this.problems.push(`unmasked: ${message.raw.toString('latin1').slice(0, 80)}`);
        if (message.name === 'ErrorResponse') {
          result.failed = true;
          if (way === 'portions') peer.send(front.sync());
        } else if (message.name === 'DataRow' || message.name === 'CopyData') this.row(way, message.raw, ++result.rows);
        else if (message.name === 'PortalSuspended') peer.send(front.execute('', PORTION), front.flush());
        else if (message.name === 'CommandComplete') {
          if (result.rows === ROWS) this.whole++;
          else this.problems.push(`complete, with ${result.rows} rows (${way})`);
          if (way === 'portions') peer.send(front.sync());
        } else if (message.name === 'ReadyForQuery') {
          if (result.failed) this.broken++;
          return true;
        }
      }
    } catch (error) {
      if (/nothing came/.test(String(error))) this.problems.push(`an agent waits for good after ${result.rows} rows (${way})`);
      this.broken++;
      if (!result.failed) this.silent++;
      return false;
    }
  }

  private send(peer: ClientPeer, way: Way, text: string): void {
    if (way === 'simple') peer.send(front.query(text));
    else if (way === 'copy') peer.send(front.query(`copy (${text}) to stdout`));
    else if (way === 'portions') peer.send(front.parse(text), front.bind(), front.execute('', PORTION), front.flush());
    else
      peer.send(front.parse(text), front.bind([], { result_formats: [1, 0, 0] }), front.describe('portal'), front.execute(), front.sync());
  }

  private row(way: Way, raw: Buffer, n: number): void {
    if (!raw.equals(expected[way][n - 1] ?? Buffer.alloc(0)))
      this.problems.push(`row ${n} (${way}) is ${raw.toString('latin1').slice(0, 200)}`);
    if (this.waiting?.row !== n) return;
    this.waiting.reached();
    this.waiting = undefined;
  }
}
