import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { freePorts } from './ports.js';
import { onServer, scratchDatabase } from './postgres.js';
import { type Served, startServed } from './served.js';

/** The ways by which an agent shows a token: PostgreSQL by both transports, HTTP where the gateway verifies, and where Envoy's jwt_authn does. */
export const ways = ['ext_proc', 'hop', 'http', 'envoy'] as const;
export type Way = (typeof ways)[number];

/** A gateway and a real Envoy before a server of each kind; agents are of the group `agents`. */
export interface LoginWays {
  ports: Record<Way, number>;
  database: string;
  served: Served;
  /** what an agent with this token meets: `in`, or what was said */
  ask(way: Way, token: string): Promise<string>;
  stop(): Promise<void>;
}

export async function startWays(identity: object): Promise<LoginWays> {
  const folder = mkdtempSync(join(tmpdir(), 'ms-ways-'));
  const role = `ways_${process.pid}`;
  const backend = createServer((_request, response) => response.end('in'));
  await new Promise<void>((done) => backend.listen(0, '127.0.0.1', done));
  const database = await scratchDatabase('ways');
  await onServer(database.url, (client) => client.query(`create role ${role} login password 'of-the-role'`));
  const [ext_proc = 0, hop = 0, http = 0, envoy = 0, back = 0] = await freePorts(5);
  const ports = { ext_proc, hop, http, envoy };
  writeFileSync(join(folder, 'policy.yaml'), 'version: 1\ndefaults: { unparsed: allow, opaque: allow, grammar: follow, allow: true }\n');
  writeFileSync(join(folder, 'secret'), 'of-the-role');
  const url = new URL(database.url);
  const postgres = (name: 'ext_proc' | 'hop', more: object) => ({
    name,
    listen: `127.0.0.1:${ports[name]}`,
    upstream: `${url.hostname}:${url.port}`,
    authentication: { methods: ['token'], cleartext: 'any', logins: [{ groups: ['agents'], role, password_file: 'secret' }] },
    ...more,
  });
  const served = await startServed(folder, {
    version: 1,
    listeners: [
      postgres('ext_proc', {}),
      postgres('hop', { transport: 'hop', hop: { gateway: `unix:${folder}/hop.sock`, back: `127.0.0.1:${back}` } }),
    ],
    http: (['http', 'envoy'] as const).map((name) => ({
      name,
      listen: `127.0.0.1:${ports[name]}`,
      upstream: `http://127.0.0.1:${(backend.address() as AddressInfo).port}`,
      authentication: { methods: ['token'], by: name === 'envoy' ? 'envoy' : 'gateway' },
    })),
    gateway: { grpc: `unix:${folder}/grpc.sock` },
    policy: 'policy.yaml',
    record: { directory: 'recordings', durability: 'relaxed' },
    identity,
  });
  const overHttp = async (port: number, token: string): Promise<string> => {
    const response = await fetch(`http://127.0.0.1:${port}/`, { headers: { authorization: `Bearer ${token}` } });
    const text = await response.text();
    return response.ok ? text : `${response.status} ${text}`;
  };
  const overPostgres = async (port: number, token: string): Promise<string> => {
    const client = new pg.Client({ host: '127.0.0.1', port, user: 'any', password: token, database: database.name });
    client.on('error', () => undefined);
    try {
      await client.connect();
      await client.query('select 1');
      return 'in';
    } catch (error) {
      return `${(error as pg.DatabaseError).code} ${(error as Error).message}`;
    } finally {
      await client.end().catch(() => undefined);
    }
  };
  return {
    ports,
    database: database.name,
    served,
    ask: (way, token) => (way === 'http' || way === 'envoy' ? overHttp(ports[way], token) : overPostgres(ports[way], token)),
    stop: async () => {
      await served.stop();
      backend.closeAllConnections();
      backend.close();
      await onServer(database.url, (client) => client.query(`drop role if exists ${role}`));
      await database.drop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
