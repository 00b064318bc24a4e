import { MidstreamError } from '../errors.js';
import type { Policy } from '../policy/types.js';
import type { MaskedCount } from '../postgres/session/effects.js';
import type { WireField } from '../record/events.js';
import type { RecordingMaskers } from '../record/shown-identity.js';
import { type AnswerChanges, answerChanges, firstOf, shownHeaders } from './answer-headers.js';
import { isJson, mediaType } from './body.js';
import { type Answer, type Effects, type Header, LENGTH_KEPT } from './effects.js';
import type { GrpcOptions } from './grpc/masker.js';
import { answerType, type GrpcCall, type GrpcForm, grpcForm, NO_SCHEMA } from './grpc/schema.js';
import { type HeaderCover, OF_THE_CONNECTION } from './header-masking.js';
import { type BodyAsked, type BodyMask, BodyMasker, bodyParameters, type ContentMasker } from './masking.js';
import { REQUEST } from './request-text.js';
import { shownLine } from './shown-headers.js';
import { AS_IT_IS, charsetOfType, isUtf16 } from './transcode.js';
import { codingsOf, Unpacking, type UnpackLimits, unpackWhole } from './unpack/index.js';
import { type FailedUpgrade, saidIn } from './upgrade/failed.js';

/** What is true of the server's bytes alone, and of none that leave here. */
const OF_THE_BYTES = new Set([
  'content-length',
  'content-encoding',
  'etag',
  'content-md5',
  'digest',
  'content-digest',
  'repr-digest',
  'accept-ranges',
]);

/** Reads an answer before it is masked, and may change it. Throws MidstreamError for what it can't read. */
export interface BodyFilter {
  /** it lets nothing go before the end */
  readonly whole: boolean;
  /** what may go on now, of these bytes and of those before them */
  push(bytes: Buffer): Buffer;
  /** what is left */
  end(): Buffer;
  /** values that it masked itself, by rule */
  readonly fired: readonly { rule: string; count: number }[];
}

/** The answer to a request, on its way to the client. */
export class Response {
  /** bytes of the body as they went to the client */
  bytes = 0;
  /** of them, those that went along with something masked */
  masked_bytes = 0;
  private hits = 0;
  /** why nobody can look into the body; empty where somebody can */
  private opaqueReason = '';
  /** bytes that the server sent, unpacked */
  private plain_bytes = 0;
  private status = 0;
  private type = '';
  private shown: readonly Header[] = [];
  private masker: ContentMasker | undefined;
  private pending: Buffer[] = [];
  private kept: Buffer[] = [];
  private kept_bytes = 0;
  private headerHits: Map<string, number> | undefined;
  private unpacking: Unpacking | undefined;
  /** the answer's headers, until they go */
  private waiting: Answer | undefined;

  constructor(
    private readonly masks: readonly BodyMask[],
    private readonly body_bytes_max: number,
    private readonly policy: Pick<Policy, 'opaque'> & { limits: UnpackLimits & { message_bytes_max: number } },
    private readonly filter: BodyFilter | undefined = undefined,
    /** masks bodies in place of the masks alone; a text says why it can't */
    private readonly own:
      | ((type: string, write: (bytes: Buffer) => void, asked: BodyAsked) => ContentMasker | string)
      | undefined = undefined,
    /** headers of the gateway's own for the client */
    private readonly more: readonly Header[] = [],
    private readonly grpc: GrpcCall = { schema: undefined, path: '', judged: false },
    private readonly cover: HeaderCover | undefined = undefined,
  ) {}

  /** Why the answer can't be inspected; undefined when it can, and then it is answered. */
  headers(headers: readonly Header[], end: boolean, out: Effects): string | undefined {
    const contentType = firstOf(headers, 'content-type');
    this.status = Number(firstOf(headers, ':status')) || 0;
    this.type = mediaType(contentType);
    const masked = this.masks.length > 0 || this.own !== undefined;
    const read = masked || this.filter !== undefined;
    if (read && !end) {
      // A value that the part cuts can't be seen; no part was asked for.
      if (this.status === 206) return 'The server sent a part of its answer.';
      const why = this.unpack(headers);
      if (why !== undefined) return why;
    }
    let changes: AnswerChanges;
    let charset = '';
    try {
      // One of the server's own would become the length of its answer.
      changes = this.changes(headers.filter(([name]) => name !== LENGTH_KEPT));
      if (masked && !end) charset = this.charset(contentType, changes.set);
    } catch (error) {
      return unread(error);
    }
    const { set, append, remove } = changes;
    append.push(...this.more);
    if (read) for (const [name] of headers) if (OF_THE_BYTES.has(name) && !remove.includes(name)) remove.push(name);
    const length = firstOf(headers, 'content-length');
    if (!read && length !== '') set.push([LENGTH_KEPT, length]);
    else if (firstOf(headers, LENGTH_KEPT) !== '') remove.push(LENGTH_KEPT);
    this.waiting = { part: 'response_headers', set, append, remove };
    this.shown = shownHeaders(headers, changes);
    if (masked && !end) {
      const why = this.openMasker(charset, firstOf(headers, 'grpc-encoding'), contentType);
      if (why !== undefined) return why;
    }
    // Headers that are read wait for the body's first bytes: where those can't be read, the client gets an error and no torn answer.
    if (read && !end) out.flush = true;
    else this.begin(out);
    return undefined;
  }

  /** For the coverage: bytes that were not looked into. */
  get opaque(): { reason: string; bytes: number }[] {
    return this.opaqueReason === '' ? [] : [{ reason: this.opaqueReason, bytes: this.plain_bytes }];
  }

  /** what its client can read of it as a reason */
  get reason(): FailedUpgrade {
    return { status: this.status, said: saidIn(this.type, Buffer.concat(this.kept)) };
  }

  /** nothing of it went to the client yet: it can be refused */
  get refusable(): boolean {
    return this.waiting !== undefined;
  }

  private begin(out: Effects): void {
    if (this.waiting === undefined) return;
    out.answers.push(this.waiting);
    this.waiting = undefined;
  }

  body(body: Buffer, end: boolean, out: Effects): void {
    if (this.unpacking === undefined) this.plain(body);
    else this.unpacking.push(body);
    if (end) this.finish();
    this.send(end, out);
    if (!end && (this.refusable || (this.masker !== undefined && this.masker.held > 0))) out.flush = true;
  }

  trailers(headers: readonly Header[], out: Effects): void {
    this.finish();
    this.begin(out);
    this.send(false, out);
    // Behind a body they say nothing of the connection (RFC 9110 section 6.5.1), and no mask looks at them.
    const lost = this.masks.length === 0 ? [] : headers.map(([name]) => name).filter((name) => OF_THE_CONNECTION.has(name));
    const { remove, ...changes } = this.changes(headers);
    out.answers.push({ part: 'response_trailers', ...changes, remove: [...remove, ...lost] });
  }

  flush(out: Effects): void {
    this.masker?.flush();
    // what must be read whole may be refused to its end
    if (this.filter?.whole !== true) this.begin(out);
    this.send(false, out);
  }

  /** Something of the gateway's own, between two bytes of the server that a filter let go. */
  inject(bytes: Buffer, out: Effects): void {
    this.take(bytes);
    this.masker?.flush();
    this.send(false, out);
  }

  /** Gives back what the garbage collector does not see. */
  free(): void {
    this.unpacking?.free();
    this.unpacking = undefined;
  }

  /** Asked away, and come all the same: the answer leaves without its codings. Gives why it can't. */
  private unpack(headers: readonly Header[]): string | undefined {
    if (!headers.some(([name]) => name === 'content-encoding')) return undefined;
    const said = headers.filter(([name]) => name === 'content-encoding').map(([, value]) => value);
    try {
      const codings = codingsOf(said.join());
      // The unpacked bytes hold only until the call returns.
      if (codings.length > 0) this.unpacking = new Unpacking(codings, this.policy.limits, (bytes) => this.plain(Buffer.from(bytes)));
      return undefined;
    } catch (error) {
      return `The server packed its answer: ${(error as Error).message}.`;
    }
  }

  /** The charset by which the body is to be read; one that is not written again leaves as UTF-8, and the type says so. */
  private charset(contentType: string, set: Header[]): string {
    if (grpcForm(this.type) !== undefined) return '';
    const { name, charset } = charsetOfType(contentType);
    if (charset === AS_IT_IS || isUtf16(charset)) return name;
    // Readers of JSON take it for UTF-8 whatever the charset is (RFC 8259, 8.1), and would see another structure.
    if (isJson(this.type)) throw new MidstreamError('bad_input', `it is JSON that says it is ${charset}`);
    set.push(['content-type', `${this.type}; charset=utf-8`]);
    return name;
  }

  /** Gives why the body can't be looked into and may not pass so. */
  private openMasker(charset: string, packing: string, contentType: string): string | undefined {
    const write = (bytes: Buffer) => this.pending.push(bytes);
    const parameters = this.type.startsWith('multipart/') ? checkedParameters(contentType) : { charset };
    if (typeof parameters === 'string') return parameters;
    const asked: BodyAsked = { ...parameters, opaque: (reason) => this.foundOpaque(reason) };
    const own = this.own?.(this.type, write, asked);
    if (typeof own === 'string') return own;
    if (own !== undefined) {
      this.masker = own;
      return undefined;
    }
    const form = grpcForm(this.type);
    const grpc = form && this.grpcOptions(form, packing);
    if (form !== undefined && grpc === undefined) {
      this.opaqueReason = 'gRPC without a descriptor';
      return this.policy.opaque === 'allow' || this.grpc.judged ? undefined : `${this.opaqueReason} (defaults.opaque)`;
    }
    if (grpc !== undefined) asked.grpc = grpc;
    this.masker = new BodyMasker(this.masks, this.type, write, asked);
    return undefined;
  }

  private grpcOptions(form: GrpcForm, packing: string): (GrpcOptions & { text: boolean }) | undefined {
    const type = answerType(this.grpc, form);
    if (type === undefined) return undefined;
    const { limits } = this.policy;
    const unpack = packing === '' || packing === 'identity' ? undefined : (bytes: Buffer) => unpackWhole(packing, bytes, limits);
    const schema = this.grpc.schema ?? NO_SCHEMA;
    return { schema, type, json: form.message === 'json', text: form.text, message_bytes_max: limits.message_bytes_max, unpack };
  }

  /** Archives and what is packed without saying so go only where the policy lets through what is opaque; media are counted. */
  private foundOpaque(reason: string): void {
    if (!reason.startsWith('type ') && this.policy.opaque !== 'allow')
      throw new MidstreamError('policy_denied', `nobody can look into it: ${reason} (defaults.opaque)`);
    this.opaqueReason = reason;
  }

  private plain(body: Buffer): void {
    this.plain_bytes += body.length;
    this.take(this.filter === undefined ? body : this.filter.push(body));
  }

  private take(body: Buffer): void {
    if (body.length === 0) return;
    if (this.masker === undefined) this.pending.push(body);
    else this.masker.push(body);
  }

  private finish(): void {
    this.unpacking?.end();
    this.free();
    if (this.filter !== undefined) this.take(this.filter.end());
    this.masker?.end();
  }

  /** Fields of the response event. */
  fields(maskers: RecordingMaskers, more = ''): { json: string; wire: WireField; masked: MaskedCount[] } {
    const masked = [
      ...(this.masker?.fired ?? []),
      ...(this.filter?.fired ?? []),
      ...[...(this.headerHits ?? [])].map(([rule, count]) => ({ rule, count })),
    ];
    let headers = '';
    for (const [name, value] of this.shown) {
      const { pair } = shownLine(name, value, maskers);
      headers += headers === '' ? pair : `,${pair}`;
    }
    const json =
      `,"request":"${REQUEST}","status":${JSON.stringify(this.status)},"headers":[${headers}],"content_type":${JSON.stringify(maskers.maskText(this.type))}` +
      `,"rows":0,"bytes":${this.bytes},"tag":"${this.status}","body":"`;
    const fired = masked.map(({ rule, count }) => ({ column: '', rule, kind: '', count }));
    const rest = `","body_left_out":${this.bytes - this.kept_bytes},"masked":${JSON.stringify(fired)}${more}`;
    return { json, wire: { chunks: this.kept, rest }, masked };
  }

  private changes(headers: readonly Header[]): AnswerChanges {
    return answerChanges(this.masks, this.cover, headers, (rule) => {
      this.headerHits ??= new Map();
      this.headerHits.set(rule, (this.headerHits.get(rule) ?? 0) + 1);
    });
  }

  private send(end: boolean, out: Effects): void {
    if (this.pending.length === 0 && !end) return;
    this.begin(out);
    const hits = this.masker?.hits ?? 0;
    for (const bytes of this.pending) {
      this.keep(bytes);
      if (hits > this.hits) this.masked_bytes += bytes.length;
    }
    this.hits = hits;
    out.answers.push({ part: 'response_body', chunks: this.pending, end });
    this.pending = [];
  }

  private keep(bytes: Buffer): void {
    this.bytes += bytes.length;
    const room = this.body_bytes_max - this.kept_bytes;
    if (room <= 0) return;
    const part = Buffer.from(bytes.subarray(0, room));
    this.kept.push(part);
    this.kept_bytes += part.length;
  }
}

function checkedParameters(contentType: string): ReturnType<typeof bodyParameters> | string {
  try {
    return bodyParameters(contentType);
  } catch (error) {
    return unread(error);
  }
}

const unread = (error: unknown): string => `The server's answer can't be read: ${(error as Error).message}.`;
