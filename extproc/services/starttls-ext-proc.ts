import type { ServerDuplexStream } from '@grpc/grpc-js';
import { AgentsStartTls, HANDSHAKE_MS_MAX, type HandshakeStep } from '../../filters/postgres/starttls/agents.js';
import { ServerStartTls } from '../../filters/postgres/starttls/server.js';
import { ConnectionStatus, type ProcessingRequest, type ProcessingResponse } from '../../protos/network-ext-proc.js';
import { roles } from '../convert/starttls-roles.js';
import { status } from './grpc-status.js';

type Call = ServerDuplexStream<ProcessingRequest, ProcessingResponse>;

/**
 * One handshake by network ext_proc. It leaves by `close_stream_to_ext_proc_server`, the only place where that is safe: the peer waits for an
 * answer, so nothing is on the way, and what follows is inspected by the listener behind.
 */
export function startTls(call: Call, role: string): boolean {
  const machine =
    role === roles.agents || role === roles.agentsRequired
      ? new AgentsStartTls(role === roles.agentsRequired)
      : role === roles.server
        ? new ServerStartTls()
        : undefined;
  if (machine === undefined) return false;
  let over = false;
  const timer = setTimeout(() => {
    over = true;
    write(call, 'write', none, ConnectionStatus.CloseReset, false);
  }, HANDSHAKE_MS_MAX);
  call.on('data', (request: ProcessingRequest) => {
    if (over || request.direction === 'none') return;
    const step = stepOf(machine, request);
    carryOut(call, request, step);
    if (step.next === 'wait') return;
    over = true;
    clearTimeout(timer);
  });
  call.on('end', () => {
    clearTimeout(timer);
    // Before it has left, an end of ours would let everything pass.
    if (over) call.end();
    else call.emit('error', { code: status.UNAVAILABLE, details: 'the handshake was broken off' });
  });
  call.on('cancelled', () => clearTimeout(timer));
  call.on('error', () => clearTimeout(timer));
  return true;
}

const none = Buffer.alloc(0);

function stepOf(machine: AgentsStartTls | ServerStartTls, { direction, data }: ProcessingRequest): HandshakeStep {
  if (machine instanceof ServerStartTls) return direction === 'read' ? machine.fromAgent(data) : machine.fromServer(data);
  if (direction === 'read') return machine.push(data);
  // A server that speaks before anybody has asked it something is none of PostgreSQL's.
  return { toAgent: none, toServer: none, next: data.length === 0 ? 'wait' : 'close' };
}

/** Each request is answered once; what is for the other side goes unsolicited. */
function carryOut(call: Call, { direction, endOfStream }: ProcessingRequest, { toAgent, toServer, next }: HandshakeStep): void {
  if (direction === 'none') return;
  const own = direction === 'read' ? toServer : toAgent;
  const other = direction === 'read' ? toAgent : toServer;
  const otherDirection = direction === 'read' ? 'write' : 'read';
  if (next === 'close') {
    // Envoy drops the bytes of an answer that closes.
    if (toAgent.length > 0) write(call, 'write', toAgent, ConnectionStatus.Continue, false);
    write(call, 'write', none, ConnectionStatus.Close, false);
    return;
  }
  const leave = next === 'leave';
  if (other.length === 0) return write(call, direction, own, ConnectionStatus.Continue, leave, endOfStream);
  if (!leave) write(call, direction, own, ConnectionStatus.Continue, false, endOfStream);
  write(call, otherDirection, other, ConnectionStatus.Continue, leave);
}

function write(
  call: Call,
  direction: 'read' | 'write',
  bytes: Buffer,
  connectionStatus: ConnectionStatus,
  closeStream: boolean,
  endOfStream = false,
): void {
  if (call.cancelled || call.destroyed) return;
  call.write({ direction, chunks: bytes.length === 0 ? [] : [bytes], endOfStream, connectionStatus, closeStream });
}
