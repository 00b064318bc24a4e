import { createHash, randomBytes } from 'node:crypto';
import type { Context } from 'hono';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';

/** Somebody who logged in at an identity provider. */
export interface Person {
  id: string;
  /** what else the provider calls them */
  names: string[];
  groups: string[];
  /** who vouches: the provider's issuer */
  issuer: string;
}

interface Stored {
  person: Person;
  /** sent back by pages of ours with everything that changes something */
  csrf: string;
  ends_ms: number;
  idle_ms: number;
}

export interface SessionTimes {
  /** a session ends after that, whatever it does */
  session_ms_max: number;
  /** and after that without a request */
  idle_ms_max: number;
}

const SESSIONS_MAX = 10_000;
const secret = (): string => randomBytes(32).toString('base64url');
const digest = (id: string): string => createHash('sha256').update(id).digest('base64');

/**
 * Sessions of people, in memory: when the gateway starts again they log in again. The cookie is for this host alone, never read by scripts, and never sent
 * along with what another site asks for; its value is not kept, only its digest.
 */
export class Sessions {
  private readonly stored = new Map<string, Stored>();

  constructor(
    private readonly times: SessionTimes,
    /** pages are reached over https: the cookie goes over nothing else */
    private readonly secure: boolean,
    private readonly now: () => number,
  ) {}

  private get name(): string {
    // The prefix makes browsers refuse a cookie that another host, or a path, has set (RFC 6265bis, 4.1.3).
    return this.secure ? '__Host-midstream' : 'midstream';
  }

  /** Begins a session; one that the browser had before ends. */
  begin(c: Context, person: Person): void {
    this.end(c);
    const id = secret();
    const now = this.now();
    if (this.stored.size >= SESSIONS_MAX) this.sweep();
    this.stored.set(digest(id), {
      person,
      csrf: secret(),
      ends_ms: now + this.times.session_ms_max,
      idle_ms: now + this.times.idle_ms_max,
    });
    setCookie(c, this.name, id, { path: '/', httpOnly: true, sameSite: 'Strict', secure: this.secure });
  }

  /** The session of a request; undefined when there is none, or it is over. */
  find(c: Context): { person: Person; csrf: string; over: () => boolean } | undefined {
    const id = getCookie(c, this.name);
    if (id === undefined) return undefined;
    const key = digest(id);
    const found = this.stored.get(key);
    if (found === undefined) return undefined;
    if (this.isOver(found)) {
      this.stored.delete(key);
      return undefined;
    }
    found.idle_ms = this.now() + this.times.idle_ms_max;
    return { person: found.person, csrf: found.csrf, over: () => this.stored.get(key) !== found || this.now() >= found.ends_ms };
  }

  end(c: Context): void {
    const id = getCookie(c, this.name);
    if (id === undefined) return;
    this.stored.delete(digest(id));
    deleteCookie(c, this.name, { path: '/', secure: this.secure });
  }

  private isOver({ ends_ms, idle_ms }: Stored): boolean {
    const now = this.now();
    return now >= ends_ms || now >= idle_ms;
  }

  private sweep(): void {
    for (const [key, one] of this.stored) if (this.isOver(one)) this.stored.delete(key);
    // Still full of people: the one who came first logs in again.
    if (this.stored.size >= SESSIONS_MAX) this.stored.delete(this.stored.keys().next().value!);
  }
}

interface Attempt<T> {
  state: T;
  /** digest of the cookie that the browser got at the beginning */
  browser: string;
  until_ms: number;
}

const ATTEMPTS_MAX = 10_000;
/** Milliseconds that somebody may take at the identity provider. */
export const ATTEMPT_MS_MAX = 600_000;

/** Logins under way: each is good once, and only in the browser that began it (login CSRF). */
export class Attempts<T> {
  private readonly open = new Map<string, Attempt<T>>();

  constructor(
    private readonly secure: boolean,
    private readonly now: () => number,
  ) {}

  private get name(): string {
    return this.secure ? '__Host-midstream-login' : 'midstream-login';
  }

  /** Gives the attempt's own name, to be sent along and to come back. */
  begin(c: Context, state: T): string {
    const id = secret();
    const browser = secret();
    if (this.open.size >= ATTEMPTS_MAX) this.open.delete(this.open.keys().next().value!);
    this.open.set(id, { state, browser: digest(browser), until_ms: this.now() + ATTEMPT_MS_MAX });
    // Lax: it has to come along when the provider sends the browser back by a link.
    setCookie(c, this.name, browser, { path: '/', httpOnly: true, sameSite: 'Lax', secure: this.secure, maxAge: ATTEMPT_MS_MAX / 1000 });
    return id;
  }

  /** The state of an attempt of this browser; it is over then. */
  take(c: Context, id: string): T | undefined {
    const found = this.open.get(id);
    if (found === undefined) return undefined;
    const browser = getCookie(c, this.name);
    if (browser === undefined || digest(browser) !== found.browser) return undefined;
    this.open.delete(id);
    deleteCookie(c, this.name, { path: '/', secure: this.secure });
    return this.now() < found.until_ms ? found.state : undefined;
  }

  /** An attempt that goes on in a request without the cookie (a form of another site): its state, while it is open. */
  peek(id: string): T | undefined {
    const found = this.open.get(id);
    return found !== undefined && this.now() < found.until_ms ? found.state : undefined;
  }
}
