import { EventEmitter } from 'node:events';
import { constants, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import { framed, GrpcError, MessageReader } from './grpc-frames.js';
import { status } from './grpc-status.js';

/** How messages of one method become bytes and back. */
export interface CallCodec {
  decode(bytes: Buffer): unknown;
  encode(message: unknown): Buffer;
  /** the same with the prefix that a message has on the wire; for messages that are written often */
  encodeFramed?(message: unknown): Buffer;
}

const responseHeaders = { ':status': 200, 'content-type': 'application/grpc', 'grpc-accept-encoding': 'identity' };

/** Calls that were written to in this turn. */
let gathered: GrpcCall[] = [];

function release(): void {
  const all = gathered;
  gathered = [];
  for (const call of all) call.release();
}

/**
 * One call of one client, as handlers know it from grpc-js: `data`, `end`, `drain`, `cancelled` and `error` come, write(), end(), pause()
 * and resume() go, and emit('error', { code, details }) ends it with that status. `cancelled` comes once, whenever the stream is over.
 */
export class GrpcCall extends EventEmitter {
  cancelled = false;
  /** a status was sent, or nothing can be sent any more */
  private over = false;
  private responded = false;
  private paused = false;
  private delivering = false;
  private remoteEnded = false;
  private endDelivered = false;
  private gathering = false;
  private readonly reader: MessageReader;

  constructor(
    private readonly stream: ServerHttp2Stream,
    private readonly headers: IncomingHttpHeaders,
    private readonly codec: CallCodec,
    message_bytes_max: number,
  ) {
    super();
    this.reader = new MessageReader(message_bytes_max);
    this.on('error', (error: Partial<GrpcError>) => this.finish(error.code ?? status.UNKNOWN, error.details ?? 'the call failed'));
    stream.on('drain', () => this.emit('drain'));
    // `close` follows and tells all that is to be known.
    stream.on('error', () => undefined);
    // Envoy resets each stream of HTTP ext_proc when its request is over, with INTERNAL_ERROR. Nobody asks why, and Node would make an error of it,
    // with a stack: a tenth of what an echo costs.
    stream.on('aborted', () => Object.defineProperty(stream, 'rstCode', { value: constants.NGHTTP2_NO_ERROR }));
    stream.on('close', () => {
      this.over = true;
      this.cancelled = true;
      this.emit('cancelled');
    });
  }

  /** Messages come from now on. */
  start(): void {
    this.stream.on('data', (chunk: Buffer) => {
      if (this.over) return;
      this.reader.push(chunk);
      this.deliver();
    });
    this.stream.on('end', () => {
      this.remoteEnded = true;
      this.deliver();
    });
  }

  readonly metadata = {
    get: (name: string): string[] => {
      const value = this.headers[name];
      return value === undefined ? [] : Array.isArray(value) ? value : [value];
    },
  };

  get destroyed(): boolean {
    return this.over || this.stream.destroyed;
  }

  /** False when the client takes no more for now: `drain` tells when it does. */
  write(message: unknown): boolean {
    if (this.destroyed) return false;
    this.respond();
    this.gather();
    return this.stream.write(this.codec.encodeFramed ? this.codec.encodeFramed(message) : framed(this.codec.encode(message)));
  }

  /** Ends the call with OK. */
  end(): void {
    this.finish(status.OK, '');
  }

  pause(): void {
    this.paused = true;
    this.stream.pause();
  }

  resume(): void {
    if (!this.paused) return;
    this.paused = false;
    if (this.reader.buffered > 0 || this.remoteEnded) process.nextTick(() => this.deliver());
    this.stream.resume();
  }

  destroy(): void {
    this.stream.destroy();
  }

  /** Hands over what is whole, until somebody pauses. */
  private deliver(): void {
    if (this.delivering) return;
    this.delivering = true;
    try {
      while (!this.paused && !this.over) {
        const message = this.reader.next();
        if (message === undefined) break;
        this.emit('data', this.codec.decode(message));
      }
      if (this.remoteEnded && !this.endDelivered && !this.paused && !this.over) this.ended();
    } catch (error) {
      this.emit(
        'error',
        error instanceof GrpcError ? error : new GrpcError(status.INTERNAL, 'the gateway failed on a message of this call'),
      );
    } finally {
      this.delivering = false;
    }
  }

  private ended(): void {
    this.endDelivered = true;
    // A stream that was reset ends too; `cancelled` comes for it.
    if (this.stream.closed || this.stream.aborted) return;
    if (this.reader.buffered > 0) throw new GrpcError(status.INTERNAL, 'the call ended within a message');
    this.emit('end');
  }

  /**
   * What is written in one turn of the event loop goes together. Several messages for one stream come in a row, and without this the second and third would
   * wait until the first is sent, and then take a write of their own to Envoy.
   */
  private gather(): void {
    if (this.gathering) return;
    this.gathering = true;
    this.stream.cork();
    if (gathered.push(this) === 1) setImmediate(release);
  }

  release(): void {
    this.gathering = false;
    this.stream.uncork();
  }

  private respond(): void {
    if (this.responded) return;
    this.responded = true;
    this.stream.respond(responseHeaders, { waitForTrailers: true });
  }

  private finish(code: number, details: string): void {
    if (this.destroyed) return;
    this.over = true;
    // What still comes is read and dropped, so that the client gets to its end.
    this.stream.resume();
    const trailers = statusFields(code, details);
    if (!this.responded) {
      this.responded = true;
      this.stream.respond({ ...responseHeaders, ...trailers }, { endStream: true });
      return;
    }
    this.stream.on('wantTrailers', () => this.stream.sendTrailers(trailers));
    this.stream.end();
  }
}

/** What ends a call ("Trailers"); words are percent-encoded ("Status-Message"). */
export function statusFields(code: number, details: string): Record<string, string> {
  return details === '' ? { 'grpc-status': String(code) } : { 'grpc-status': String(code), 'grpc-message': percentEncoded(details) };
}

function percentEncoded(text: string): string {
  let out = '';
  for (const byte of Buffer.from(text, 'utf8'))
    out +=
      byte >= 0x20 && byte <= 0x7e && byte !== 0x25 ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  return out;
}
