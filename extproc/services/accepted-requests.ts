import { randomBytes } from 'node:crypto';
import { acceptedAnswer, askedInVain, carriedRequest, changedHeaders, type Immediate, unknownLink } from '../../filters/http/accepted.js';
import type { Effects, Header } from '../../filters/http/effects.js';
import type { ExchangeInput } from '../../filters/http/exchange.js';
import type { Identity } from '../../filters/policy/types.js';
import type { HttpConnection, HttpTransport } from './http-connection.js';

/** Requests that wait without their clients, and answers that are kept, in one gateway process. */
export const ACCEPTED_MAX = 1000;
/** Bytes of their bodies and of kept answers, all together. */
export const ACCEPTED_BYTES_MAX = 64 * 1024 * 1024;
/** Bytes of one answer that is kept for being asked again. */
export const KEPT_ANSWER_BYTES_MAX = 1024 * 1024;

/** What asks: one stream of ext_proc. */
export interface Asking {
  input(input: ExchangeInput): void;
  lost(reason: string): void;
}

interface Entry {
  id: string;
  connection: HttpConnection;
  owner: string;
  resource: string;
  bytes: number;
  keep_ms: number;
  state: 'pending' | 'approved' | 'running' | 'ended';
  /** what a client reads from now on; undefined while it has to wait */
  answer: Immediate | undefined;
  /** by which its answer was masked */
  policy: string;
  timer: NodeJS.Timeout | undefined;
}

/**
 * Requests whose clients were told 202. Each is kept as it was approved or refused, runs at most once, on the stream of the first question that
 * comes after its approval, and what came of it is given to the same caller again for a stated time. None of it outlives this process.
 */
export class AcceptedRequests {
  private readonly entries = new Map<string, Entry>();
  private bytes = 0;

  /** `worker` is the number of this process among those of one gateway, from 1 */
  constructor(private readonly worker: number) {}

  /** Takes over a request that is held; undefined where there is no room: then its client waits like any other. */
  keep(connection: HttpConnection): string | undefined {
    const bytes = connection.exchange.keptBytes;
    if (this.entries.size >= ACCEPTED_MAX || this.bytes + bytes > ACCEPTED_BYTES_MAX) return undefined;
    const id = `${this.worker}-${randomBytes(16).toString('hex')}`;
    const { identity, operation, options } = connection.exchange;
    this.bytes += bytes;
    this.entries.set(id, {
      id,
      connection,
      owner: ownerOf(identity),
      resource: options.resource,
      bytes,
      keep_ms: operation!.terms.keep_ms ?? KEEP_MS_DEFAULT,
      state: 'pending',
      answer: undefined,
      policy: '',
      timer: undefined,
    });
    return id;
  }

  /** Its client left before it read the link. */
  drop(id: string): void {
    const entry = this.entries.get(id);
    if (entry === undefined) return;
    clearTimeout(entry.timer);
    this.entries.delete(id);
    this.bytes -= entry.bytes;
  }

  /** Where the exchange speaks to while no client is there: what it says then is how it ended. */
  parked(id: string): HttpTransport {
    return {
      send: (answers) => {
        const answer = answers.find((one): one is Immediate => one.part === 'immediate');
        if (answer === undefined) return;
        this.end(id, answer);
        this.entries.get(id)?.connection.leave();
      },
      fail: (why) => this.end(id, failed(why)),
    };
  }

  approved(id: string): void {
    const entry = this.entries.get(id);
    if (entry?.state === 'pending') entry.state = 'approved';
  }

  /** A question about `id`. `send` answers on its stream; `session` of the request is told first, so that logs find it. */
  ask(
    id: string,
    { identity, resource, headers }: { identity: Identity; resource: string; headers: readonly Header[] },
    transport: (session: string) => HttpTransport,
  ): Asking {
    if (headers.find(([name]) => name === ':method')?.[1] !== 'GET') return new Answered(transport('none'), onlyGet());
    const entry = this.entries.get(id);
    if (entry === undefined || entry.owner !== ownerOf(identity) || entry.resource !== resource)
      return new Answered(transport('none'), unknownLink());
    const stream = transport(entry.connection.exchange.options.id);
    const operation = entry.connection.exchange.operation!;
    if (entry.answer !== undefined) {
      const kept = entry.answer.details !== KEPT || entry.policy === entry.connection.exchange.policyVersion;
      return new Answered(stream, kept ? entry.answer : maskedOtherwise(entry.connection.exchange.options.id));
    }
    if (entry.state === 'approved') {
      entry.state = 'running';
      return new Carrier(this, entry, stream);
    }
    return new Answered(stream, acceptedAnswer(operation, id, entry.state === 'running' ? 'running' : 'pending'));
  }

  /** What it came to is known: given for `keep_ms`, then forgotten. */
  end(id: string, answer: Immediate): void {
    const entry = this.entries.get(id);
    if (entry === undefined || entry.answer !== undefined) return;
    entry.state = 'ended';
    this.bytes += answer.body.length - entry.bytes;
    entry.bytes = answer.body.length;
    entry.answer = answer;
    entry.policy = entry.connection.exchange.policyVersion;
    entry.timer = setTimeout(() => this.drop(id), entry.keep_ms);
    entry.timer.unref();
  }

  /** Bytes that an answer may still take. */
  get room(): number {
    return Math.min(KEPT_ANSWER_BYTES_MAX, ACCEPTED_BYTES_MAX - this.bytes);
  }

  stop(): void {
    for (const id of [...this.entries.keys()]) this.drop(id);
  }
}

/** How long an answer is kept where the policy does not say, milliseconds. */
const KEEP_MS_DEFAULT = 3_600_000;

const failed = (why: string): Immediate =>
  askedInVain({ status: 503, kind: 'unavailable', title: 'It could not be carried out', detail: why }, 'none');

/** Details of a server's answer that is given again. */
const KEPT = 'midstream_kept';

/** What the policy in force would have masked is not known any more. */
const maskedOtherwise = (session: string): Immediate =>
  askedInVain(
    {
      status: 410,
      kind: 'gone',
      title: 'The answer is gone',
      detail: 'It ran, and its answer was masked by a policy that has changed since. It is not run again.',
    },
    session,
  );

/** Callers are the same when what proves them is; one whom nothing proves must come from the same address. */
function ownerOf({ id, kind, issuer, proof, source }: Identity): string {
  const proven = kind !== 'claimed' && proof !== 'claimed';
  return JSON.stringify([id, kind, issuer, proof, proven ? '' : source.replace(/:\d+$/, '')]);
}

const onlyGet = (): Immediate =>
  askedInVain(
    { status: 405, kind: 'method', title: 'Ask by GET', detail: 'Here is asked about a request that waits, and nothing else.' },
    'none',
  );

/** A question that has its answer at once. */
class Answered implements Asking {
  private done = false;

  constructor(
    private readonly stream: HttpTransport,
    private readonly answer: Immediate,
  ) {}

  input(): void {
    if (this.done) return;
    this.done = true;
    this.stream.send([this.answer]);
  }

  lost(): void {}
}

/** The question whose stream carries the request to the server, and its answer back. */
class Carrier implements Asking, HttpTransport {
  private question: readonly Header[] = [];
  private answered: readonly Header[] = [];
  private head: Header[] = [];
  private readonly kept: Buffer[] = [];
  private kept_bytes = 0;
  private tooLong = false;
  private started = false;
  private bodyless = false;

  constructor(
    private readonly requests: AcceptedRequests,
    private readonly entry: Entry,
    private readonly stream: HttpTransport,
  ) {}

  input(input: ExchangeInput): void {
    if (input.type === 'request_headers') {
      this.question = input.headers;
      this.started = true;
      // The approval is used up in the store first: whoever else asks now is told that it runs.
      void this.entry.connection.carry(this);
      return;
    }
    if (input.type === 'request_body' || input.type === 'request_trailers') return;
    if (input.type === 'response_headers') {
      this.answered = input.headers;
      this.bodyless = input.end;
    }
    this.entry.connection.input(input);
  }

  lost(reason: string): void {
    this.finish(false);
    if (this.started) this.entry.connection.lost(reason);
  }

  send(answers: Effects['answers']): void {
    const out: Effects['answers'] = [];
    for (let i = 0; i < answers.length; i++) {
      const answer = answers[i]!;
      switch (answer.part) {
        case 'request_headers': {
          const bodies = answers.slice(i + 1).flatMap((one) => (one.part === 'request_body' ? one.chunks : []));
          out.push(carriedRequest(this.question, this.entry.connection.requestHeaders, answer, Buffer.concat(bodies)));
          break;
        }
        case 'request_body':
        case 'request_trailers':
          break;
        default:
          this.keep(answer);
          out.push(answer);
      }
    }
    if (out.length > 0) this.stream.send(out);
  }

  fail(why: string): void {
    this.stream.fail(why);
    this.finish(false);
  }

  private keep(answer: Effects['answers'][number]): void {
    if (answer.part === 'immediate') this.requests.end(this.entry.id, answer);
    else if (answer.part === 'response_headers') {
      this.head = changedHeaders(this.answered, answer);
      if (this.bodyless) this.finish(true);
    } else if (answer.part === 'response_body') {
      for (const chunk of answer.chunks) {
        this.kept_bytes += chunk.length;
        if (this.kept_bytes > this.requests.room) this.tooLong = true;
        else this.kept.push(Buffer.from(chunk));
      }
      if (answer.end) this.finish(true);
    } else if (answer.part === 'response_trailers') this.finish(true);
  }

  private finish(whole: boolean): void {
    const status = Number(this.head.find(([name]) => name === ':status')?.[1] ?? 0);
    if (!whole || this.tooLong || status === 0) {
      const detail = this.tooLong
        ? 'It ran, and its answer is too long to be given again.'
        : 'It was approved and given to a connection that broke off. It may have run, and is not run again.';
      this.requests.end(
        this.entry.id,
        askedInVain({ status: 410, kind: 'gone', title: 'The answer is gone', detail }, this.entry.connection.exchange.options.id),
      );
      return;
    }
    const own = new Set(['content-length', 'transfer-encoding', 'connection', 'x-midstream-content-length']);
    const headers = this.head.filter(([name]) => !name.startsWith(':') && !own.has(name));
    this.requests.end(this.entry.id, { part: 'immediate', status, headers, body: Buffer.concat(this.kept), details: KEPT });
  }
}
