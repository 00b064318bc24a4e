import type { ServerDuplexStream, UntypedServiceImplementation } from '@grpc/grpc-js';
import {
  ConnectionStatus,
  decodeProcessingRequest,
  encodeProcessingResponse,
  type ProcessingRequest,
  type ProcessingResponse,
  serviceName,
} from '../../protos/network-ext-proc.js';
import { type PeerFacts, peerFacts, postgresProxy } from '../convert/network-ext-proc.js';
import type { Connection, Transport } from './connection.js';
import { streaming } from './grpc-method.js';
import { status } from './grpc-status.js';
import { startTls } from './starttls-ext-proc.js';

type Call = ServerDuplexStream<ProcessingRequest, ProcessingResponse>;

export const networkExtProcDefinition = streaming(
  `/${serviceName}/Process`,
  decodeProcessingRequest,
  (message: ProcessingResponse) => encodeProcessingResponse(message),
  encodeProcessingResponse,
);

const none: readonly Buffer[] = [];
/** Milliseconds that a client has to end its own side, after it was told why it is closed. */
const CLOSE_MS_MAX = 1000;

const directionOf = { upstream: 'read', downstream: 'write' } as const;

/**
 * Each of Envoy's requests is answered exactly once; further bytes go as unsolicited answers (envoy.md).
 * The stream is never ended with OK while its connection lives: Envoy would let the rest pass uninspected.
 */
class ExtProcTransport implements Transport {
  private readonly owed = { upstream: 0, downstream: 0 };
  private metadata: Record<string, Record<string, string>> | undefined;
  private reading = true;
  private flowing = true;
  /** set when the client's side was ended */
  private closing: NodeJS.Timeout | undefined;

  constructor(
    private readonly call: Call,
    session: string,
  ) {
    this.metadata = { midstream: { session } };
    call.on('drain', () => {
      this.flowing = true;
      this.go();
    });
  }

  owe(side: 'upstream' | 'downstream'): void {
    this.owed[side]++;
  }

  send(side: 'upstream' | 'downstream', chunks: Buffer[], end: boolean): void {
    if (this.owed[side] > 0) this.owed[side]--;
    this.write(directionOf[side], chunks, end, ConnectionStatus.Continue);
  }

  settle(side: 'upstream' | 'downstream'): void {
    if (this.owed[side] === 0) return;
    this.owed[side]--;
    this.write(directionOf[side], none, false, ConnectionStatus.Continue);
  }

  /**
   * The client's side ends first, and the connection when the client has gone too: of a connection that came through another listener of
   * this Envoy (TLS that was asked for in band), a close drops what was written just before it, which is the error that says why.
   */
  close(): void {
    if (this.closing !== undefined) return;
    this.write('write', none, true, ConnectionStatus.Continue);
    this.closing = setTimeout(() => this.closeNow(), CLOSE_MS_MAX);
  }

  /** The client has ended its side, or has had its time. */
  closeNow(): void {
    if (this.closing === undefined) return;
    clearTimeout(this.closing);
    this.write('write', none, false, ConnectionStatus.Close);
  }

  /** Nothing can be sent any more. */
  gone(): void {
    clearTimeout(this.closing);
  }

  /** Both sides come on one stream. */
  flow(client: boolean, server: boolean): void {
    this.reading = client && server;
    this.go();
  }

  private go(): void {
    if (this.reading && this.flowing) this.call.resume();
    else this.call.pause();
  }

  private write(direction: 'read' | 'write', chunks: readonly Buffer[], endOfStream: boolean, connectionStatus: ConnectionStatus): void {
    if (this.call.cancelled || this.call.destroyed) return;
    const response: ProcessingResponse = { direction, chunks, endOfStream, connectionStatus, closeStream: false };
    if (this.metadata) {
      response.dynamicMetadata = this.metadata;
      this.metadata = undefined;
    }
    if (!this.call.write(response)) {
      // Envoy does not take more for now; what it sends waits in its own buffers, which have limits.
      this.flowing = false;
      this.go();
    }
  }
}

export interface ExtProcHost {
  /** a new connection; throws when it may not be opened */
  open(peer: PeerFacts, role: string, transport: (session: string) => Transport): Connection;
  log: { warn(fields: object, message: string): void };
}

export function networkExtProc(host: ExtProcHost): UntypedServiceImplementation {
  const process = (call: Call): void => {
    if (startTls(call, String(call.metadata.get('x-midstream-role')[0] ?? ''))) return;
    let connection: Connection | undefined;
    let transport: ExtProcTransport | undefined;
    call.on('data', (request: ProcessingRequest) => {
      try {
        if (connection === undefined) {
          const role = String(call.metadata.get('x-midstream-listener')[0] ?? '');
          connection = host.open(peerFacts(request), role, (session) => {
            transport = new ExtProcTransport(call, session);
            return transport;
          });
        }
        if (request.direction === 'none') return;
        const from = request.direction === 'read' ? 'downstream' : 'upstream';
        transport!.owe(from === 'downstream' ? 'upstream' : 'downstream');
        connection.receive(
          from,
          request.data,
          request.endOfStream,
          request.metadata === undefined ? undefined : postgresProxy(request.metadata),
        );
        if (request.endOfStream && from === 'downstream') transport!.closeNow();
      } catch (error) {
        host.log.warn({ error: error instanceof Error ? error.message : String(error) }, 'a stream failed; its connection is closed');
        connection?.lost('stream failed');
        call.emit('error', { code: status.UNAVAILABLE, details: 'the gateway could not serve this connection' });
      }
    });
    // Envoy ends its side only when the connection is over, so ending ours is no more than good manners then.
    call.on('end', () => {
      transport?.gone();
      connection?.lost('closed');
      call.end();
    });
    call.on('cancelled', () => {
      transport?.gone();
      connection?.lost('cancelled');
    });
    call.on('error', () => connection?.lost('stream error'));
  };
  return { Process: process };
}
