import type { Context } from 'hono';
import { MidstreamError } from '../../filters/errors.js';

const LOCAL = /^(localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\])$/;
const HOST = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::(\d{1,5}))?$/;

/**
 * A page in a browser can't act here. A foreign name that resolves to this machine (DNS rebinding) is not served, requests that another
 * origin makes (CSRF, also from another port of this machine) are not taken; tokens are never sent by a browser on its own.
 * Throws `forbidden`.
 */
export function refuseBrowsers(c: Context, hosts: readonly string[]): void {
  const host = refuseHost(c, hosts);
  const origin = c.req.header('origin')?.toLowerCase();
  const site = c.req.header('sec-fetch-site');
  const foreign =
    (origin !== undefined && origin !== `http://${host}` && origin !== `https://${host}`) ||
    (site !== undefined && site !== 'same-origin' && site !== 'none');
  if (foreign) throw new MidstreamError('forbidden', 'requests of other origins are not taken');
}

/** The Host header, in lower case. A foreign name that resolves to this machine is not served: throws `forbidden`. */
export function refuseHost(c: Context, hosts: readonly string[]): string {
  const host = (c.req.header('host') ?? '').toLowerCase();
  const name = HOST.exec(host)?.[1];
  if (name === undefined || !(LOCAL.test(name) || hosts.includes(name))) {
    throw new MidstreamError('forbidden', `this API is not served under the name ${JSON.stringify(host.slice(0, 80))}`, {
      hint: 'Use the address that the gateway printed.',
    });
  }
  return host;
}

/** The token of an Authorization header (RFC 6750), undefined when there is none that could be one. */
export function bearer(c: Context): string | undefined {
  return /^bearer +([a-z0-9\-._~+/]{1,1024}=*)$/i.exec(c.req.header('authorization') ?? '')?.[1];
}

const FAILURES_MAX = 20;
const WINDOW_MS = 60_000;

/**
 * Wrong tokens, all callers together. A right token is never kept waiting: an agent on the same machine could lock its approvers out.
 * Guessing 256 bits is hopeless anyway; the limit keeps the log readable and the answers cheap.
 */
export class Failures {
  private since_ms = Number.NEGATIVE_INFINITY;
  private count = 0;

  constructor(private readonly now: () => number) {}

  /** Counts one; returns how many there were in this minute. */
  add(): number {
    const now_ms = this.now();
    if (!(now_ms - this.since_ms < WINDOW_MS) || now_ms < this.since_ms) {
      this.since_ms = now_ms;
      this.count = 0;
    }
    this.count += 1;
    return this.count;
  }

  static readonly max = FAILURES_MAX;
  static readonly window_s = WINDOW_MS / 1000;
}
