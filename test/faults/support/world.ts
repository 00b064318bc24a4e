import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import pg from 'pg';
import pino from 'pino';
import type { Postgres } from '../../../extproc/process/postgres.js';
import { groupFiles } from '../../../extproc/stores/recordings/names.js';
import { segmentLines } from '../../../extproc/stores/recordings/read.js';
import { realFs } from '../../../extproc/stores/recordings/world.js';
import { startUp, type UpBeforePostgres, type UpOptions } from '../../../extproc/up.js';
import { parseLine, type StoredEvent } from '../../../filters/record/chain.js';
import { eventually, nothingLeft, testPolicy } from '../../support/gateway.js';
import { type ClientPeer, connectPeer } from '../../support/pg-peer.js';
import { onServer } from '../../support/postgres.js';
import type { Fleet } from './fleet.js';
import { startup, tell } from './raw.js';
import { loggingPostgres, serverLog } from './server.js';

export const transports = ['ext_proc', 'hop'] as const;
export type TransportName = (typeof transports)[number];

let databases = 0;

/** Something that undoes what a test made; run in reverse. */
export class Undo {
  private readonly steps: (() => Promise<unknown> | unknown)[] = [];
  add(step: () => Promise<unknown> | unknown): void {
    this.steps.push(step);
  }
  async run(): Promise<void> {
    for (const step of this.steps.splice(0).reverse()) await step();
  }
}

/** A database of its own on a server that asks for no password. */
export async function ownDatabase(
  server: Postgres,
  seed: string,
): Promise<{ url: string; config: pg.ClientConfig; drop: () => Promise<void> }> {
  const name = `faults_${process.pid}_${++databases}`;
  await onServer(server.url, (client) => client.query(`create database ${name}`));
  const url = new URL(server.url);
  url.pathname = `/${name}`;
  if (seed) await onServer(url.href, (client) => client.query(seed));
  const drop = async () => void (await onServer(server.url, (client) => client.query(`drop database if exists ${name} with (force)`)));
  return { url: url.href, config: { host: server.host, port: server.port, user: 'postgres', database: name }, drop };
}

export interface FaultGateway extends UpBeforePostgres {
  server: Postgres;
  directory: string;
  recordings: string;
  policyFile: string;
  through: pg.ClientConfig;
  direct: pg.ClientConfig;
  /** every line that the gateway logged */
  logged: string[];
  client(more?: pg.ClientConfig): Promise<pg.Client>;
  /** a scripted driver that is logged in */
  peer(parameters?: Record<string, string>): Promise<ClientPeer>;
  /** one that has said nothing yet */
  stranger(): Promise<ClientPeer>;
  held(): number;
  settled(): Promise<void>;
  finish(): Promise<void>;
}

export type FaultOptions = Partial<UpOptions> & { transport: TransportName; policy?: string; seed?: string; server?: Postgres };

/** A real Envoy and a gateway in this process, before a database of its own. */
export async function faultGateway(options: FaultOptions): Promise<FaultGateway> {
  const server = options.server ?? (await loggingPostgres());
  const database = await ownDatabase(server, options.seed ?? '');
  const directory = mkdtempSync(join(tmpdir(), 'midstream-fault-'));
  const policyFile = join(directory, 'policy.yaml');
  const recordings = join(directory, 'recordings');
  writeFileSync(policyFile, options.policy ?? testPolicy);
  const logged: string[] = [];
  const sink = new Writable({
    write(chunk, _encoding, done) {
      logged.push(String(chunk));
      if (process.env['MIDSTREAM_VERBOSE']) process.stderr.write(chunk);
      done();
    },
  });
  const up = await startUp({
    version: 'test',
    postgres: { host: server.host, port: server.port },
    listen: { host: '127.0.0.1', port: 0 },
    policyFile,
    recordDirectory: recordings,
    durability: 'relaxed',
    catalogueUrl: database.url,
    log: pino({ level: 'trace' }, sink),
    progress: () => {},
    envoyConcurrency: 2,
    ...options,
  });
  const through = { ...database.config, port: up.postgres.port };
  const stranger = () => connectPeer(up.postgres.port);
  const gateway: FaultGateway = {
    ...up,
    server,
    directory,
    recordings,
    policyFile,
    through,
    direct: database.config,
    logged,
    client: async (more = {}) => {
      const client = new pg.Client({ ...through, ...more });
      client.on('error', () => {});
      await client.connect();
      return client;
    },
    stranger,
    peer: async (parameters = {}) => {
      const peer = await stranger();
      await peer.start({ user: 'postgres', database: database.config.database!, ...parameters });
      return peer;
    },
    held: () => [...up.runtime.gateway.registry.connections].filter((c) => c.session.held).length,
    settled: () => nothingLeft(gateway),
    finish: async () => {
      await up.stop();
      if (server.pid > 0 && alive(server.pid)) await database.drop().catch(() => {});
      rmSync(directory, { recursive: true, force: true });
    },
  };
  return gateway;
}

export const alive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

/** All events of a directory of recordings, packed or not, in no promised order between logs. */
export async function recordedEvents(directory: string): Promise<StoredEvent[]> {
  const events: StoredEvent[] = [];
  for (const log of groupFiles(realFs.readdirSync(directory) as string[])) {
    for (const segment of log.segments) {
      for await (const { bytes, whole } of segmentLines(realFs, directory, segment))
        if (whole) events.push(parseLine(bytes.toString('utf8')));
    }
  }
  return events;
}

/** What a recording holds, with the answers in it decoded. */
export async function recordedText(directory: string): Promise<string> {
  const events = await recordedEvents(directory);
  return events
    .map(
      (event) =>
        `${JSON.stringify(event)}\n${typeof event['wire'] === 'string' ? Buffer.from(event['wire'], 'base64').toString('latin1') : ''}`,
    )
    .join('\n');
}

/** Waits until a connection passes through the fleet. */
export const servesAgain = (fleet: Fleet): Promise<true> =>
  eventually(
    'connections pass again',
    async () => {
      const terminate = Buffer.from([0x58, 0, 0, 0, 4]);
      const { messages } = await tell(fleet.port, [startup({ user: 'postgres', database: fleet.database }), terminate]);
      return messages.includes('ReadyForQuery') ? true : undefined;
    },
    30_000,
  );

/** Tagged statements in the log of the server, and those of them that no recording holds. */
export async function unrecorded(server: Postgres, ...fleets: Fleet[]): Promise<{ passed: number; without: string[] }> {
  const recorded = new Set<string>();
  const tags = new RegExp(`(?:${fleets.map((fleet) => fleet.tag).join('|')})_[a-j]+_`, 'g');
  for (const { recordings } of fleets) {
    for (const event of await recordedEvents(recordings))
      if (event.type === 'request') for (const [name] of String(event['text']).matchAll(tags)) recorded.add(name);
  }
  const passed = new Set([...serverLog(server).matchAll(tags)].map(([name]) => name));
  return { passed: passed.size, without: [...passed].filter((name) => !recorded.has(name)) };
}

export interface DatabaseFailure {
  code: string;
  message: string;
  detail?: string;
  severity?: string;
}

/** The error that a promise must end with. */
export const failure = async (promise: Promise<unknown>): Promise<DatabaseFailure> => {
  try {
    await promise;
  } catch (error) {
    return error as DatabaseFailure;
  }
  throw new Error('it should have failed');
};

/** The socket of a node-postgres client. */
export const socketOf = (client: pg.Client): import('node:net').Socket =>
  (client as unknown as { connection: { stream: import('node:net').Socket } }).connection.stream;

/** Bytes of memory of a process that are in use now. */
export const memoryOf = (pid: number): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024;

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
export { eventually };
