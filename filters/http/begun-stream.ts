import { isObject } from '../foreign-json.js';
import { messageEvent } from '../mcp/sse.js';
import type { Answer, Effects, Header } from './effects.js';
import { JsonSource } from './json-source.js';

/** A request that the gateway itself sends on, since its answer was begun before the server has seen it. */
export interface Forwarded {
  method: string;
  /** as the client wrote it */
  host: string;
  target: string;
  headers: readonly Header[];
  body: Buffer;
}

/** Of one connection alone (RFC 9110, 7.6.1), of its framing, or Envoy's own. */
const NOT_FORWARDED =
  /^(:|x-envoy-|x-midstream-|(connection|keep-alive|proxy-connection|te|trailer|transfer-encoding|upgrade|expect|content-length|host)$)/;

export const forwardedHeaders = (headers: readonly Header[]): Header[] => [
  ...headers.filter(([name]) => !NOT_FORWARDED.test(name) && name !== 'accept-encoding'),
  ['accept-encoding', 'identity'],
];

/**
 * An answer to a message of MCP that the gateway began as an event stream while the message waited (ext_proc's streamed immediate response). What
 * the server answers then follows in it: events as they are, JSON as one event, anything else as an error of the protocol.
 */
export class BegunStream {
  private status = 0;
  private events = false;
  private collected: Buffer[] = [];
  private ended = false;

  /** `failed` writes the message that refuses the request. */
  constructor(private readonly failed: (why: string) => string) {}

  begin(): Answer {
    const headers: Header[] = [
      [':status', '200'],
      ['content-type', 'text/event-stream'],
      ['cache-control', 'no-store'],
    ];
    return { part: 'local_headers', headers };
  }

  event(message: string): Answer {
    return { part: 'local_body', chunks: [messageEvent(message)], end: false };
  }

  /** The head of the server's answer. */
  answered(status: number, type: string): void {
    this.status = status;
    this.events = status >= 200 && status < 300 && type.toLowerCase().includes('text/event-stream');
  }

  /** What the exchange tells Envoy of request and answer, as the rest of the stream; `end`: nothing more comes. */
  translate(answers: Effects['answers'], end: boolean): Answer[] {
    const out: Answer[] = [];
    const finish = (chunks: readonly Buffer[]): void => {
      if (!this.ended) out.push({ part: 'local_body', chunks, end: true });
      this.ended = true;
    };
    for (const answer of answers) {
      if (answer.part === 'local_headers' || answer.part === 'local_body') out.push(answer);
      else if (answer.part === 'immediate') finish([this.whole(answer.body)]);
      else if (answer.part === 'response_body') {
        if (!this.events) this.collected.push(...answer.chunks);
        else if (answer.end) finish(answer.chunks);
        else out.push({ part: 'local_body', chunks: answer.chunks, end: false });
      }
    }
    if (end) finish(this.events ? [] : [this.whole(Buffer.concat(this.collected))]);
    return out;
  }

  private whole(body: Buffer): Buffer {
    let source: JsonSource;
    try {
      source = new JsonSource(body.toString('utf8'));
    } catch {
      return this.error();
    }
    const { value } = source;
    const messages = (Array.isArray(value) ? value : [value]) as unknown[];
    if (!messages.every((one) => isObject(one) && one['jsonrpc'] === '2.0')) return this.error();
    return Buffer.concat(messages.map((one) => messageEvent(source.write(one))));
  }

  private error(): Buffer {
    return messageEvent(this.failed(`The server answered ${this.status}.`));
  }
}
