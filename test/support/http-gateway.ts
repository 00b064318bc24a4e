import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { startUp, type Up, type UpOptions } from '../../extproc/up.js';
import { eventually } from './gateway.js';

export interface Pending {
  hold: string;
  text: string;
}

/** A real Envoy and a gateway before an HTTP server. */
export interface HttpGateway extends Up {
  port: number;
  directory: string;
  recordings: string;
  pending(): Promise<Pending[]>;
  /** the one operation that waits, once it does */
  waiting(): Promise<Pending>;
  decide(hold: string, verdict: 'approve' | 'deny', comment?: string): Promise<number>;
  /** Envoy's counts of connections and requests, and the gateway's, are back at zero */
  nothingLeft(): Promise<void>;
  finish(): Promise<void>;
}

export function httpGateway(url: string, policy: string, options: Partial<UpOptions> = {}): Promise<HttpGateway> {
  return startedGateway(policy, { http: { url, listen: { host: '127.0.0.1', port: 0 } }, ...options });
}

export async function startedGateway(policy: string, options: Partial<UpOptions>): Promise<HttpGateway> {
  const directory = mkdtempSync(join(tmpdir(), 'midstream-ws-'));
  const policyFile = join(directory, 'policy.yaml');
  writeFileSync(policyFile, policy);
  const recordings = join(directory, 'recordings');
  const up = await startUp({
    version: 'test',
    listen: { host: '127.0.0.1', port: 0 },
    transport: 'ext_proc',
    policyFile,
    recordDirectory: recordings,
    durability: 'strict',
    catalogueUrl: undefined,
    log: pino({ level: process.env['MIDSTREAM_VERBOSE'] ? 'info' : 'silent' }, pino.destination(2)),
    progress: () => {},
    envoyConcurrency: 1,
    ...options,
  });
  const headers = { authorization: `Bearer ${up.operatorToken}`, 'content-type': 'application/json' };
  const pending = async (): Promise<Pending[]> => {
    const answer = await fetch(`${up.api}/v1/approvals?status=pending`, { headers });
    return ((await answer.json()) as { approvals: { operation: Pending }[] }).approvals.map(({ operation }) => operation);
  };
  return {
    ...up,
    port: (up.http ?? up.kubernetes)!.port,
    directory,
    recordings,
    pending,
    waiting: () => eventually('something is held', async () => (await pending())[0]),
    decide: async (hold, verdict, comment = 'as asked') =>
      (await fetch(`${up.api}/v1/approvals/${hold}/${verdict}`, { method: 'POST', headers, body: JSON.stringify({ comment }) })).status,
    nothingLeft: async () => {
      let open: unknown;
      await eventually(
        () => `Envoy's counts go back to 0; open: ${JSON.stringify(open)}`,
        async () => {
          const stats = await up.envoy.stats(
            /(http\.(http|kubernetes)\.downstream_(cx|rq)_active|cluster\.\w+_hop\.upstream_(cx|rq)_active|listener\..*_?back\.sock\.downstream_cx_active)$/,
          );
          // Envoy keeps connections of ordinary requests for the next one; those of upgrades end with them.
          const busy = Object.entries(stats).filter(([name, value]) => value > 0 && !name.includes('admin'));
          open = busy;
          return busy.length === 0 ? true : undefined;
        },
      );
      await eventually("the gateway's exchanges go back to 0", () => (up.runtime.gateway.exchanges.size === 0 ? true : undefined));
    },
    finish: async () => {
      await up.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
