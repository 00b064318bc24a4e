/** How a request for an upgrade was answered. */
export interface FailedUpgrade {
  status: number;
  /** what its client read as the reason; empty where there was none to read */
  said: string;
}

/** Milliseconds after which nobody asks again because of it. */
const KEPT_MS = 60_000;
const KEPT_MAX = 256;
const SAID_UNITS_MAX = 500;

/**
 * Requests for WebSocket that failed a moment ago. kubectl forgets why, asks for SPDY in its place, and shows what it is told then. `key` names who asked
 * for what: only who read an answer is told of it again.
 */
export class FailedUpgrades {
  private readonly known = new Map<string, FailedUpgrade & { until_ms: number }>();

  constructor(private readonly now: () => number) {}

  failed(key: string, { status, said }: FailedUpgrade): void {
    this.known.delete(key);
    if (this.known.size >= KEPT_MAX) this.known.delete(this.known.keys().next().value!);
    this.known.set(key, { status, said: said.slice(0, SAID_UNITS_MAX), until_ms: this.now() + KEPT_MS });
  }

  /** Told once. */
  take(key: string): FailedUpgrade | undefined {
    const found = this.known.get(key);
    this.known.delete(key);
    return found !== undefined && this.now() < found.until_ms ? found : undefined;
  }
}

/** What the body of such an answer says: a Status of Kubernetes by its message, else a text by its first line. */
export function saidIn(type: string, body: Buffer): string {
  const text = body.toString('utf8').trim();
  if (type === 'application/json')
    try {
      const { message } = JSON.parse(text) as { message?: unknown };
      return typeof message === 'string' ? message : '';
    } catch {
      return '';
    }
  return type === 'text/plain' ? (text.split('\n', 1)[0] ?? '') : '';
}
