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
import { verifiedByEnvoy } from '../convert/jwt-authn.js';
import { type PeerFacts, peerFacts } from '../convert/network-ext-proc.js';
import type { EnvoyVerified } from '../identity/jwt.js';
import type { Asking } from './accepted-requests.js';
import { streaming } from './grpc-method.js';
import { status } from './grpc-status.js';
import type { HttpTransport } from './http-connection.js';

type Call = ServerDuplexStream<ProcessingRequest, ProcessingResponse>;

export const httpExtProcDefinition = streaming(
  `/${serviceName}/Process`,
  decodeProcessingRequest,
  encodeProcessingResponse,
  encodeProcessingResponse,
);

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
      const response: ProcessingResponse = this.metadata === undefined ? answer : { ...answer, dynamicMetadata: this.metadata };
      this.metadata = undefined;
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
  open(
    peer: PeerFacts,
    listener: string,
    transport: (session: string) => HttpTransport,
    headers: readonly Header[],
    verified: EnvoyVerified | undefined,
  ): Asking | Promise<Asking>;
  log: { warn(fields: object, message: string): void };
}

/** Written out: every request has four of them, and a copy of all fields but some costs more than the rest of this. */
function inputOf(request: ProcessingRequest): ExchangeInput | undefined {
  switch (request.part) {
    case 'none':
      return undefined;
    case 'request_headers':
    case 'response_headers':
      return { type: request.part, headers: request.headers, end: request.end };
    case 'request_body':
    case 'response_body':
      return { type: request.part, body: request.body, end: request.end };
    case 'request_trailers':
    case 'response_trailers':
      return { type: request.part, headers: request.headers };
  }
}

function give(connection: Asking, request: ProcessingRequest): void {
  const { metadata } = request;
  const opinion = metadata && opinionOf(metadata['envoy.filters.http.mcp']);
  const input = inputOf(request);
  if (input !== undefined) connection.input(opinion === undefined ? input : ({ ...input, opinion } as ExchangeInput));
}

export function httpExtProc(host: HttpExtProcHost): UntypedServiceImplementation {
  const process = (call: Call): void => {
    let connection: Asking | undefined;
    /** what came while it was found out who asks */
    let early: ProcessingRequest[] | undefined;
    let over: string | undefined;
    const failed = (error: unknown): void => {
      host.log.warn({ error: error instanceof Error ? error.message : String(error) }, 'a request failed; it is reset');
      connection?.lost('stream failed');
      call.emit('error', { code: status.UNAVAILABLE, details: 'the gateway could not serve this request' });
    };
    /** Envoy is not read on meanwhile: what has come already waits. */
    const wait = (opened: Promise<Asking>, first: ProcessingRequest): void => {
      early = [first];
      call.pause();
      opened
        .then((found) => {
          connection = found;
          const waited = early ?? [];
          early = undefined;
          if (over !== undefined) return found.lost(over);
          for (const request of waited) give(found, request);
          call.resume();
        })
        .catch(failed);
    };
    call.on('data', (request: ProcessingRequest) => {
      try {
        if (early !== undefined) {
          early.push(request);
          return;
        }
        if (connection === undefined) {
          const facts = peerFacts(request);
          const opened = host.open(
            facts,
            String(call.metadata.get('x-midstream-listener')[0] ?? ''),
            (session) => new ExtProcStream(call, session),
            request.part === 'request_headers' ? request.headers : [],
            verifiedByEnvoy(request.metadata),
          );
          if (opened instanceof Promise) return wait(opened, request);
          connection = opened;
        }
        give(connection, request);
      } catch (error) {
        failed(error);
      }
    });
    // Envoy ends its side only when the request is over, so ending ours is no more than good manners then.
    call.on('end', () => {
      over = 'closed';
      connection?.lost('closed');
      call.end();
    });
    call.on('cancelled', () => {
      over = 'cancelled';
      connection?.lost('cancelled');
    });
    call.on('error', () => {
      over = 'stream error';
      connection?.lost('stream error');
    });
  };
  return { Process: process };
}
