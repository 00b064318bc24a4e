import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import type { UpOptions } from '../../extproc/up.js';
import type { StoredEvent } from '../../filters/record/chain.js';
import { recordedEvents } from '../faults/support/world.js';
import { eventually } from './gateway.js';
import { Backend, type HttpWorld, httpWorld } from './http-world.js';

export interface Held {
  hold: string;
  text: string;
}

/** What waits for a decision. */
export async function pendingAt({ up: { api, operatorToken } }: HttpWorld): Promise<Held[]> {
  const answer = await fetch(`${api}/v1/approvals?status=pending`, { headers: { authorization: `Bearer ${operatorToken}` } });
  return ((await answer.json()) as { approvals: { operation: Held }[] }).approvals.map(({ operation }) => operation);
}

/** A real server behind a real Envoy and the gateway, with its approvals at hand. */
export class HeldWorld {
  readonly backend = new Backend();
  world!: HttpWorld;

  async start(policy: string, options: Partial<UpOptions> = {}): Promise<void> {
    this.world = await httpWorld(await this.backend.start(), policy, options);
  }

  async stop(): Promise<void> {
    await this.world?.stop();
    this.backend.stop();
  }

  get base(): string {
    return this.world.base;
  }

  /** What is recorded so far. */
  async events(type?: string): Promise<StoredEvent[]> {
    await this.world.up.runtime.recordings.rotate();
    const events = await recordedEvents(this.world.recordings);
    return type === undefined ? events : events.filter((event) => event.type === type);
  }

  pending(): Promise<Held[]> {
    return pendingAt(this.world);
  }

  /** The one operation that waits. */
  held(): Promise<Held> {
    return eventually('the hold', async () => {
      const all = await this.pending();
      return all.length === 1 ? all[0] : undefined;
    });
  }

  decide(hold: string, verdict: 'approve' | 'deny'): Promise<Response> {
    const { api, operatorToken } = this.world.up;
    return fetch(`${api}/v1/approvals/${hold}/${verdict}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${operatorToken}`, 'content-type': 'application/json' },
      body: JSON.stringify({ comment: 'as asked' }),
    });
  }

  /** Another policy, in force when this is done. */
  async policy(text: string): Promise<void> {
    writeFileSync(join(dirname(this.world.recordings), 'policy.yaml'), text);
    await this.world.up.runtime.reload();
  }

  /** Sends bytes as they are, and reads until Envoy closes, or `until` is in what came. */
  async raw(bytes: string | Buffer, until?: RegExp): Promise<string> {
    const socket = connect(this.world.port, '127.0.0.1');
    let got = '';
    socket.on('error', () => undefined);
    const done = new Promise<void>((resolve) => {
      socket.on('data', (chunk: Buffer) => {
        got += chunk.toString('latin1');
        if (until?.test(got)) resolve();
      });
      socket.on('close', () => resolve());
    });
    socket.write(bytes);
    await done;
    socket.destroy();
    return got;
  }
}
