import { STATUS_CODES } from 'node:http';
import { connect, type Socket } from 'node:net';
import type { Effects, Header } from '../../filters/http/effects.js';
import { problemOf, type Refusal } from '../../filters/http/problem.js';
import { BodyReader } from '../../filters/http/upgrade/body-reader.js';
import { changed, HeadReader, type RequestHead, type ResponseHead, readResponseHead, writeHead } from '../../filters/http/upgrade/head.js';
import type { HopRequest } from '../convert/peer-headers.js';
import type { HttpPeer } from '../identity/http-login.js';
import type { HttpConnection, HttpTransport } from './http-connection.js';
import { closeSoon, type HttpHopHost } from './http-hop.js';

type Answers = Effects['answers'];

/** Bytes of a client that came before its request was answered. */
const EARLY_BYTES_MAX = 64 * 1024;
/** Milliseconds between looks at a recording that is behind. */
const RECORDING_RETRY_MS = 5;
/** Headers of one connection alone (RFC 9110 section 7.6.1). */
const HOP_BY_HOP = ['connection', 'keep-alive', 'transfer-encoding', 'content-length', 'upgrade', 'proxy-connection'];

/** A whole answer that closes the connection. */
export function refusalBytes(refusal: Refusal, session: string): Buffer {
  const { headers, body } = problemOf(refusal, session);
  return answerBytes(refusal.status, headers, body);
}

function answerBytes(status: number, headers: readonly Header[], body: Buffer): Buffer {
  const all: Header[] = [...headers, ['content-length', String(body.length)], ['connection', 'close']];
  return Buffer.concat([writeHead(statusLine(status), all), body]);
}

const statusLine = (status: number): string => `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Unknown'}`;

/** One request for an upgrade with both of its sockets: what one has not taken yet stops the reading of the other. */
export class HopStream implements HttpTransport {
  private connection!: HttpConnection;
  private server: Socket | undefined;
  private readonly answer = new HeadReader();
  private head: ResponseHead | undefined;
  private body: BodyReader | undefined;
  private upgraded = false;
  private early: Buffer[] = [];
  private early_bytes = 0;
  private over = false;
  private retry: NodeJS.Timeout | undefined;
  private session = '';

  constructor(
    private readonly host: HttpHopHost,
    private readonly client: Socket,
    private readonly request: RequestHead,
    private readonly hop: HopRequest & { known?: HttpPeer },
  ) {}

  begin(rest: Buffer): void {
    const { client, request, hop } = this;
    client.on('error', () => client.destroy());
    client.on('close', () => this.lost('closed by the client'));
    client.on('data', (bytes: Buffer) => this.fromClient(bytes));
    client.on('end', () => this.clientEnded());
    client.on('drain', () => this.flow());
    try {
      this.connection = this.host.open(hop, (session) => {
        this.session = session;
        return this;
      });
    } catch (error) {
      this.host.log.warn({ error: error instanceof Error ? error.message : String(error) }, 'a request could not be opened');
      this.over = true;
      client.destroy();
      return;
    }
    const authority = hop.headers.find(([name]) => name === 'host')![1];
    const headers: Header[] = [
      [':method', request.method],
      [':authority', authority],
      [':path', request.target],
    ];
    this.connection.input({
      type: 'request_headers',
      headers: [...headers, ...hop.headers.filter(([name]) => name !== 'host')],
      end: true,
    });
    if (rest.length > 0) this.fromClient(rest);
  }

  send(answers: Answers): void {
    for (const answer of answers) {
      if (this.over) return;
      if (answer.part === 'request_headers') this.connect(answer);
      else if (answer.part === 'response_headers') this.respond(answer);
      else if (answer.part === 'response_body') this.respondBody(answer.chunks, answer.end);
      else if (answer.part === 'immediate') this.finish(answerBytes(answer.status, answer.headers, answer.body));
      else if (answer.part === 'tunnel') this.pass(answer.to, answer.chunks, answer.end);
    }
    this.flow();
  }

  fail(): void {
    this.destroy();
  }

  private connect(changes: Parameters<typeof changed>[1]): void {
    const server = connect({ ...this.host.upstream, noDelay: true, allowHalfOpen: true });
    this.server = server;
    const { host } = this.hop;
    const headers = changed(this.hop.headers, changes).map((line): Header => (line[0] === 'host' && host !== '' ? ['host', host] : line));
    server.write(writeHead(`${this.request.method} ${this.request.target} HTTP/1.1`, headers));
    server.on('data', (bytes: Buffer) => this.guarded(() => this.fromServer(bytes)));
    server.on('end', () => this.guarded(() => this.serverEnded()));
    server.on('error', () => server.destroy());
    server.on('close', () => this.serverEnded());
    server.on('drain', () => this.flow());
  }

  /** What the server says that is no HTTP ends the stream; before its answer the client reads why. */
  private guarded(step: () => void): void {
    try {
      step();
    } catch (error) {
      this.broken(error instanceof Error ? error.message : String(error));
    }
  }

  private broken(why: string): void {
    if (this.over) return;
    if (this.head !== undefined) {
      this.connection.lost(why);
      return this.destroy();
    }
    this.finish(
      refusalBytes(
        {
          status: 502,
          kind: 'unreadable',
          title: 'The server did not answer',
          detail: `There is no answer of the server: ${why}.`,
          rule: '',
          hint: '',
        },
        this.session,
      ),
    );
    this.connection.lost(why);
  }

  private fromServer(bytes: Buffer): void {
    if (this.over) return;
    if (this.upgraded) return this.connection.input({ type: 'tunnel', from: 'server', bytes, end: false });
    if (this.body !== undefined) return this.bodyPart(this.body.push(bytes));
    let rest = bytes;
    for (;;) {
      const found = this.answer.push(rest);
      if (found === undefined) return;
      const head = readResponseHead(found.head);
      rest = found.rest;
      // Other answers on the way (RFC 9110 section 15.2) are for nobody here.
      if (head.status < 200 && head.status !== 101) {
        this.answer.reset();
        continue;
      }
      return this.answered(head, rest);
    }
  }

  private answered(head: ResponseHead, rest: Buffer): void {
    this.head = head;
    const headers: Header[] = [[':status', String(head.status)], ...head.headers];
    if (head.status !== 101) {
      this.body = new BodyReader(head);
      this.connection.input({ type: 'response_headers', headers, end: this.body.done });
      if (!this.body.done && rest.length > 0) this.bodyPart(this.body.push(rest));
      return;
    }
    this.connection.input({ type: 'response_headers', headers, end: false });
    if (this.over || this.connection.exchange.phase !== 'upgraded') return;
    this.upgraded = true;
    for (const bytes of this.early) this.connection.input({ type: 'tunnel', from: 'client', bytes, end: false });
    this.early = [];
    if (rest.length > 0) this.connection.input({ type: 'tunnel', from: 'server', bytes: rest, end: false });
  }

  private bodyPart(chunks: Buffer[]): void {
    const end = this.body!.done;
    if (chunks.length === 0 && !end) return;
    this.connection.input({ type: 'response_body', body: Buffer.concat(chunks), end });
  }

  private serverEnded(): void {
    if (this.over) return;
    if (this.upgraded) return this.connection.input({ type: 'tunnel', from: 'server', bytes: EMPTY, end: true });
    if (this.body === undefined) return this.broken('it closed the connection');
    if (this.body.done) return;
    this.body.end();
    this.connection.input({ type: 'response_body', body: EMPTY, end: true });
  }

  private fromClient(bytes: Buffer): void {
    if (this.over) return;
    if (this.upgraded) {
      this.connection.input({ type: 'tunnel', from: 'client', bytes, end: false });
      return this.flow();
    }
    this.early.push(bytes);
    this.early_bytes += bytes.length;
    if (this.early_bytes > EARLY_BYTES_MAX) this.client.pause();
  }

  private clientEnded(): void {
    if (this.over) return;
    if (this.upgraded) this.connection.input({ type: 'tunnel', from: 'client', bytes: EMPTY, end: true });
    else this.destroy();
  }

  private respond(changes: Parameters<typeof changed>[1]): void {
    const { status, headers } = this.head!;
    const all = changed(headers, changes);
    if (status === 101) return void this.write(this.client, 'downstream', [writeHead(statusLine(status), all)]);
    const own = all.filter(([name]) => !HOP_BY_HOP.includes(name));
    const empty = this.body!.done;
    const length: Header[] = status === 204 || status === 304 ? [] : [empty ? ['content-length', '0'] : ['transfer-encoding', 'chunked']];
    const head = writeHead(statusLine(status), [...own, ...length, ['connection', 'close']]);
    if (empty) this.finish(head);
    else this.write(this.client, 'downstream', [head]);
  }

  private respondBody(chunks: readonly Buffer[], end: boolean): void {
    const out: Buffer[] = [];
    for (const chunk of chunks) if (chunk.length > 0) out.push(Buffer.from(`${chunk.length.toString(16)}\r\n`), chunk, CRLF);
    if (end) this.finish(Buffer.concat([...out, LAST_CHUNK]));
    else this.write(this.client, 'downstream', out);
  }

  private pass(to: 'client' | 'server', chunks: readonly Buffer[], end: boolean): void {
    const socket = to === 'client' ? this.client : this.server;
    if (socket === undefined || socket.destroyed) return;
    this.write(socket, to === 'client' ? 'downstream' : 'upstream', chunks);
    if (!end || socket.writableEnded) return;
    socket.end();
    closeSoon(socket);
  }

  private write(socket: Socket, side: 'upstream' | 'downstream', chunks: readonly Buffer[]): void {
    if (chunks.length === 0 || socket.writableEnded) return;
    if (chunks.length > 1) socket.cork();
    let bytes = 0;
    for (const chunk of chunks) {
      bytes += chunk.length;
      socket.write(chunk);
    }
    if (chunks.length > 1) socket.uncork();
    this.host.sent(side, bytes);
  }

  /** The last bytes of an answer: the connection closes behind them. */
  private finish(bytes: Buffer): void {
    if (this.over) return;
    this.write(this.client, 'downstream', [bytes]);
    this.over = true;
    this.client.end();
    closeSoon(this.client);
    this.server?.destroy();
  }

  /** Reads each side only where there is room for what it sends. */
  private flow(): void {
    const { client, server, host } = this;
    if (this.over || !this.upgraded || server === undefined) return;
    const busy = host.recordingBusy();
    if (busy) this.retry ??= setTimeout(() => this.again(), RECORDING_RETRY_MS);
    const { waitingBytes } = this.connection.exchange;
    const max = host.held_bytes_max();
    const waits = busy || this.connection.waitsForDisk;
    turn(client, !waits && !server.writableNeedDrain && waitingBytes.client <= max);
    turn(server, !waits && !client.writableNeedDrain && waitingBytes.server <= max);
  }

  private again(): void {
    this.retry = undefined;
    this.flow();
  }

  private destroy(): void {
    this.client.destroy();
    this.server?.destroy();
  }

  /** The client's socket is closed: nothing can be sent any more. */
  private lost(reason: string): void {
    clearTimeout(this.retry);
    this.over = true;
    this.server?.destroy();
    this.connection?.lost(reason);
  }
}

function turn(socket: Socket, reads: boolean): void {
  if (reads) socket.resume();
  else socket.pause();
}

const EMPTY = Buffer.alloc(0);
const CRLF = Buffer.from('\r\n');
const LAST_CHUNK = Buffer.from('0\r\n\r\n');
