import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import type { UpOptions } from '../../extproc/up.js';
import type { StoredEvent } from '../../filters/record/chain.js';
import { recordedEvents } from '../faults/support/world.js';
import { Approver, type Held } from './approver.js';
import { Backend, type HttpWorld, httpWorld } from './http-world.js';

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

  private get approver(): Approver {
    return new Approver(this.world.up);
  }

  pending(): Promise<Held[]> {
    return this.approver.pending();
  }

  /** The one operation that waits. */
  held(): Promise<Held> {
    return this.approver.held();
  }

  decide(hold: string, verdict: 'approve' | 'deny'): Promise<Response> {
    return this.approver.decide(hold, verdict);
  }

  /** Another policy, in force when this is done. */
  async policy(text: string): Promise<void> {
    writeFileSync(this.world.policyFile, text);
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
