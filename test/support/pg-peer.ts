import assert from 'node:assert/strict';
import net from 'node:net';
import {
  type BackendMessage,
  type BackendName,
  type BackendValue,
  type Bind,
  decodeBackend,
  decodeFrontend,
  type ErrorValues,
  encodeBackend,
  encodeFrontend,
  errorFields,
  FrameReader,
  type FrontendMessage,
  type FrontendName,
  type FrontendValue,
  type ReadyForQuery,
  type Side,
  startupCode,
  type Target,
  wireName,
} from '../../filters/postgres/wire/index.js';

/**
 * Scripted peers for tests: a client or a server that says what the test tells it to, garbage included, and fails with a
 * sentence when the other side says something else. They speak the codec's messages and know nothing of sessions.
 */

/** How long an expectation waits before the test fails, in milliseconds. A bound for broken runs, never a thing asserted. */
const WAIT_MS_MAX = 10_000;
const LIMITS = { message_bytes_max: 1 << 30, stream_bytes_max: 1 << 30 };

type Received<M> = M & { /** exactly as it came */ raw: Buffer };
type Any = { name: string; value: unknown };

class Peer<In extends Any, Out extends Any> {
  readonly socket: net.Socket;
  readonly #reader: FrameReader;
  readonly #decode: (frame: Parameters<typeof decodeFrontend>[0]) => Any;
  readonly #encode: (message: Out) => Buffer;
  readonly #received: Received<In>[] = [];
  #rawWanted: ((byte: number) => void) | undefined;
  #wake: () => void = () => undefined;
  #ended = false;
  #error: Error | undefined;

  constructor(socket: net.Socket, reads: Side, encode: (message: Out) => Buffer) {
    this.socket = socket;
    this.#reader = new FrameReader(reads, LIMITS, { startup: reads === 'frontend' });
    this.#decode = reads === 'frontend' ? decodeFrontend : decodeBackend;
    this.#encode = encode;
    socket.setNoDelay(true);
    socket.on('data', (chunk) => this.#take(chunk));
    const over = () => {
      this.#ended = true;
      this.#wake();
    };
    socket.on('end', over);
    socket.on('close', over);
    socket.on('error', (error) => {
      this.#error ??= error;
      over();
    });
  }

  /** Sends messages in one write, so that they can be pipelined or glued at will. */
  send(...messages: Out[]): void {
    this.sendRaw(Buffer.concat(messages.map(this.#encode)));
  }

  /** Sends bytes as they are: garbage, halves of messages, lying lengths. */
  sendRaw(bytes: Buffer): void {
    this.socket.write(bytes);
  }

  /** The next message, whatever it is. Fails when the connection ends or nothing comes. */
  async receive(wanted = 'a message'): Promise<Received<In>> {
    await this.#until(() => this.#received.length > 0 || this.#ended, wanted);
    const message = this.#received.shift();
    if (message === undefined) throw new Error(`expected ${wanted}, the connection ended${this.#why()}`);
    return message;
  }

  /** Messages that have come and were not read yet. */
  get waiting(): readonly Received<In>[] {
    return this.#received;
  }

  /** Messages up to and with the first of that name. */
  async receiveUntil(name: In['name']): Promise<Received<In>[]> {
    const all: Received<In>[] = [];
    do all.push(await this.receive(`${name} after ${all.map((m) => m.name).join(', ') || 'nothing'}`));
    while (all.at(-1)?.name !== name);
    return all;
  }

  /** The other side ends the connection, and says nothing more before. */
  async expectEnd(): Promise<void> {
    await this.#until(() => this.#received.length > 0 || this.#ended, 'the end of the connection');
    assert.deepEqual(
      this.#received.map((m) => m.name),
      [],
      'expected the end of the connection',
    );
  }

  /** One byte outside of any message: the answer to SSLRequest or GSSENCRequest. Ask for it before the request is sent. */
  async receiveByte(): Promise<number> {
    let byte: number | undefined;
    this.#rawWanted = (value) => {
      byte = value;
    };
    await this.#until(() => byte !== undefined || this.#ended, 'one byte');
    if (byte === undefined) throw new Error(`expected one byte, the connection ended${this.#why()}`);
    return byte;
  }

  /** Half-closes; the other direction stays open. */
  end(): void {
    this.socket.end();
  }

  /** Ends the connection at once, with a reset where asked. */
  destroy(options: { reset?: boolean } = {}): void {
    if (options.reset === true) this.socket.resetAndDestroy();
    else this.socket.destroy();
  }

  protected async expectNamed(name: string, part: Record<string, unknown> | undefined): Promise<Received<In>> {
    const message = await this.receive(name);
    if (message.name !== name)
      throw new Error(`expected ${name}, received ${message.name}: ${JSON.stringify(message.raw.toString('latin1'))}`);
    for (const [field, value] of Object.entries(part ?? {}))
      assert.deepEqual((message.value as Record<string, unknown>)[field], value, `${name}.${field}`);
    return message;
  }

  #take(chunk: Buffer): void {
    let bytes = chunk;
    if (this.#rawWanted !== undefined) {
      this.#rawWanted(bytes[0] as number);
      this.#rawWanted = undefined;
      bytes = bytes.subarray(1);
    }
    this.#reader.push(bytes);
    try {
      for (let frame = this.#reader.next(); frame !== undefined; frame = this.#reader.next()) {
        const message = this.#decode(frame) as In;
        if (message.name === 'StartupPacket' && (message.value as { kind: string }).kind === 'startup') this.#reader.startupDone();
        this.#received.push({ ...message, raw: Buffer.from(frame.buf.subarray(frame.start, frame.end)) });
      }
    } catch (error) {
      this.#error ??= error as Error;
      this.#ended = true;
      this.socket.destroy();
    }
    this.#wake();
  }

  async #until(ready: () => boolean, wanted: string): Promise<void> {
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      this.#wake();
    }, WAIT_MS_MAX);
    try {
      while (!ready()) {
        if (late) throw new Error(`expected ${wanted}, nothing came in ${WAIT_MS_MAX} ms${this.#why()}`);
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    } finally {
      clearTimeout(timer);
    }
  }

  #why(): string {
    return this.#error === undefined ? '' : ` (${this.#error.message})`;
  }
}

/** Speaks as a driver. */
export class ClientPeer extends Peer<BackendMessage, FrontendMessage> {
  constructor(socket: net.Socket) {
    super(socket, 'backend', encodeFrontend);
  }

  /** The next message must have this name, and these fields where given. */
  async expect<N extends BackendName>(name: N, part?: Partial<BackendValue<N>>): Promise<BackendValue<N>> {
    return (await this.expectNamed(name, part)).value as BackendValue<N>;
  }

  /** StartupMessage, then everything up to the first ReadyForQuery; trust authentication only. */
  async start(
    parameters: Record<string, string> = { user: 'agent' },
    version: number = startupCode.Protocol30,
  ): Promise<Received<BackendMessage>[]> {
    this.send(front.startup(parameters, version));
    return this.receiveUntil('ReadyForQuery');
  }

  /** One simple query and its whole answer. */
  async query(sql: string): Promise<Received<BackendMessage>[]> {
    this.send(front.query(sql));
    return this.receiveUntil('ReadyForQuery');
  }
}

/** Speaks as a backend, for one connection. */
export class ServerPeer extends Peer<FrontendMessage, BackendMessage> {
  constructor(socket: net.Socket) {
    super(socket, 'frontend', encodeBackend);
  }

  /** The next message must have this name, and these fields where given. */
  async expect<N extends FrontendName>(name: N, part?: Partial<FrontendValue<N>>): Promise<FrontendValue<N>> {
    return (await this.expectNamed(name, part)).value as FrontendValue<N>;
  }

  /** Takes a client in without a password: `N` to SSLRequest and GSSENCRequest, then up to ReadyForQuery. Gives the StartupMessage. */
  async accept(parameters: Record<string, string> = {}): Promise<FrontendValue<'StartupPacket'>> {
    for (;;) {
      const packet = await this.expect('StartupPacket');
      if (packet.kind === 'ssl' || packet.kind === 'gssenc') this.sendRaw(Buffer.from('N'));
      else if (packet.kind !== 'startup') return packet;
      else {
        const all = { server_version: '18.0', client_encoding: 'UTF8', standard_conforming_strings: 'on', ...parameters };
        this.send(
          { name: 'Authentication', value: { kind: 'Ok' } },
          ...Object.entries(all).map(([name, value]) => back.parameter(name, value)),
          { name: 'BackendKeyData', value: { process_id: 4242, key: Buffer.from([1, 2, 3, 4]) } },
          back.ready(),
        );
        return packet;
      }
    }
  }
}

/** Connects as a driver would. */
export async function connectPeer(port: number, host = '127.0.0.1'): Promise<ClientPeer> {
  const socket = net.connect({ port, host });
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', reject);
  });
  return new ClientPeer(socket);
}

/** A listening server whose every connection runs the script. close() ends all, and throws the first error of a script. */
export interface ScriptedServer {
  port: number;
  /** connections taken so far */
  connections: () => number;
  close: () => Promise<void>;
}

export async function serveScript(script: (peer: ServerPeer, index: number) => Promise<void>): Promise<ScriptedServer> {
  const sockets = new Set<net.Socket>();
  const runs: Promise<void>[] = [];
  let closing = false;
  let failure: unknown;
  const server = net.createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    const run = script(new ServerPeer(socket), runs.length).catch((error: unknown) => {
      // What fails because the test is over is not the script's failure.
      if (!closing) failure ??= error;
      socket.destroy();
    });
    runs.push(run);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = async () => {
    closing = true;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const socket of sockets) socket.destroy();
    await Promise.all([closed, ...runs]);
    if (failure !== undefined) throw failure;
  };
  return { port: (server.address() as net.AddressInfo).port, connections: () => runs.length, close };
}

const text = (value: string) => Buffer.from(value, 'utf8');

/** A driver's messages from plain strings. */
export const front = {
  startup: (parameters: Record<string, string>, version: number = startupCode.Protocol30): FrontendMessage => ({
    name: 'StartupPacket',
    value: { kind: 'startup', version, parameters: Object.entries(parameters).map(([name, value]) => ({ name, value: text(value) })) },
  }),
  query: (sql: string): FrontendMessage => ({ name: 'Query', value: { text: text(sql) } }),
  parse: (sql: string, statement = '', parameter_types: number[] = []): FrontendMessage => ({
    name: 'Parse',
    value: { statement: wireName(statement), text: text(sql), parameter_types },
  }),
  /** Parameters in text format. */
  bind: (values: (string | null)[] = [], rest: Partial<Bind> = {}): FrontendMessage => ({
    name: 'Bind',
    value: {
      portal: '',
      statement: '',
      formats: [],
      values: values.map((v) => (v === null ? null : text(v))),
      result_formats: [],
      ...rest,
    },
  }),
  describe: (target: Target['target'], name = ''): FrontendMessage => ({ name: 'Describe', value: { target, name } }),
  close: (target: Target['target'], name = ''): FrontendMessage => ({ name: 'Close', value: { target, name } }),
  execute: (portal = '', rows_max = 0): FrontendMessage => ({ name: 'Execute', value: { portal, rows_max } }),
  sync: (): FrontendMessage => ({ name: 'Sync', value: {} }),
  flush: (): FrontendMessage => ({ name: 'Flush', value: {} }),
  terminate: (): FrontendMessage => ({ name: 'Terminate', value: {} }),
};

/** A backend's messages from plain strings. */
export const back = {
  parameter: (name: string, value: string): BackendMessage => ({ name: 'ParameterStatus', value: { name, value: text(value) } }),
  /** Text columns that come from no table. */
  columns: (...names: string[]): BackendMessage => ({
    name: 'RowDescription',
    value: {
      columns: names.map((name) => ({
        name: text(name),
        table_oid: 0,
        attribute: 0,
        type_oid: 25,
        type_size: -1,
        type_modifier: -1,
        format: 0,
      })),
    },
  }),
  row: (...values: (string | null)[]): BackendMessage => ({
    name: 'DataRow',
    value: { values: values.map((v) => (v === null ? null : text(v))) },
  }),
  complete: (tag: string): BackendMessage => ({ name: 'CommandComplete', value: { tag } }),
  ready: (status: ReadyForQuery['status'] = 'idle'): BackendMessage => ({ name: 'ReadyForQuery', value: { status } }),
  error: (values: ErrorValues): BackendMessage => ({ name: 'ErrorResponse', value: errorFields(values) }),
  notice: (values: ErrorValues): BackendMessage => ({ name: 'NoticeResponse', value: errorFields(values) }),
};
