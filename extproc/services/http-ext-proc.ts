import type { ServerDuplexStream, UntypedServiceImplementation } from '@grpc/grpc-js';
import type { Effects, Header } from '../../filters/http/effects.js';
import type { ExchangeInput } from '../../filters/http/exchange.js';
import { opinionOf } from '../../filters/mcp/second-opinion.js';
import {
  decodeProcessingRequest,
  encodeProcessingResponse,
  type ProcessingRequest,
  type ProcessingResponse,
  serviceName,
} from '../../protos/http-ext-proc.js';
import { type PeerFacts, peerFacts } from '../convert/network-ext-proc.js';
import type { Asking } from './accepted-requests.js';
import { streaming } from './grpc-method.js';
import { status } from './grpc-status.js';
import type { HttpTransport } from './http-connection.js';

type Call = ServerDuplexStream<ProcessingRequest, ProcessingResponse>;

export const httpExtProcDefinition = streaming(`/${serviceName}/Process`, decodeProcessingRequest, encodeProcessingResponse);

/**
 * Answers in the order of the exchange. The stream is never ended with OK while its request lives: Envoy would let the rest pass
 * uninspected (envoy.md), so what fails ends it with an error.
 */
class ExtProcStream implements HttpTransport {
  private metadata: Record<string, Record<string, string>> | undefined;
  full = false;
  drained?: () => void;

  constructor(
    private readonly call: Call,
    session: string,
  ) {
    this.metadata = { midstream: { session } };
    call.on('drain', () => {
      this.full = false;
      call.resume();
      this.drained?.();
    });
  }

  send(answers: Effects['answers']): void {
    for (const answer of answers) {
      // Upgraded streams do not come this way.
      if (answer.part === 'tunnel') continue;
      if (this.call.cancelled || this.call.destroyed) return;
      const response: ProcessingResponse = { ...answer };
      if (this.metadata !== undefined) {
        response.dynamicMetadata = this.metadata;
        this.metadata = undefined;
      }
      // Envoy takes no more for now; what it sends waits in its own buffers, which have limits.
      if (this.call.write(response)) continue;
      this.full = true;
      this.call.pause();
    }
  }

  fail(why: string): void {
    if (!this.call.cancelled && !this.call.destroyed) this.call.emit('error', { code: status.UNAVAILABLE, details: why });
  }
}

export interface HttpExtProcHost {
  /** a new request; throws when it may not be served */
  open(peer: PeerFacts, listener: string, transport: (session: string) => HttpTransport, headers: readonly Header[]): Asking;
  log: { warn(fields: object, message: string): void };
}

export function httpExtProc(host: HttpExtProcHost): UntypedServiceImplementation {
  const process = (call: Call): void => {
    let connection: Asking | undefined;
    call.on('data', (request: ProcessingRequest) => {
      try {
        connection ??= host.open(
          peerFacts(request),
          String(call.metadata.get('x-midstream-listener')[0] ?? ''),
          (session) => new ExtProcStream(call, session),
          request.part === 'request_headers' ? request.headers : [],
        );
        if (request.part === 'none') return;
        const { attributes: _attributes, metadata, part, ...rest } = request;
        const opinion = metadata && opinionOf(metadata['envoy.filters.http.mcp']);
        connection.input({ type: part, ...rest, ...(opinion && { opinion }) } as ExchangeInput);
      } catch (error) {
        host.log.warn({ error: error instanceof Error ? error.message : String(error) }, 'a request failed; it is reset');
        connection?.lost('stream failed');
        call.emit('error', { code: status.UNAVAILABLE, details: 'the gateway could not serve this request' });
      }
    });
    // Envoy ends its side only when the request is over, so ending ours is no more than good manners then.
    call.on('end', () => {
      connection?.lost('closed');
      call.end();
    });
    call.on('cancelled', () => connection?.lost('cancelled'));
    call.on('error', () => connection?.lost('stream error'));
  };
  return { Process: process };
}
