import type { AccessEntry } from '../convert/access-log.js';

/** Flags of Envoy's access log that say that a server was not reached: UF, UH, DF, NC. */
const UNREACHED = ['upstream_connection_failure', 'no_healthy_upstream', 'dns_resolution_failure', 'no_cluster_found'];
const AGAIN_MS = 10_000;

/**
 * Tells the log that Envoy can't reach a server. By ext_proc the client sees its connection close without a word, since Envoy closes it
 * before the gateway is told: this line is where somebody finds the cause. Once for each listener and 10 s.
 */
export class UnreachableServers {
  private readonly told = new Map<string, { at: number; since: number }>();

  constructor(
    private readonly log: { warn(fields: object, message: string): void },
    private readonly now: () => number,
  ) {}

  see({ listener, entry }: AccessEntry): void {
    const flags = (entry.flags as string[]).filter((flag) => UNREACHED.includes(flag));
    if (flags.length === 0) return;
    const last = this.told.get(listener);
    const now = this.now();
    if (last !== undefined && now - last.at < AGAIN_MS) return void last.since++;
    this.told.set(listener, { at: now, since: 0 });
    const more = last === undefined || last.since === 0 ? {} : { more: last.since };
    const { upstream, upstream_cluster: cluster, failure } = entry;
    this.log.warn({ listener, upstream, cluster, flags, ...(failure === '' ? {} : { failure }), ...more }, 'Envoy cannot reach the server');
  }
}
