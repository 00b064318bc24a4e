import type { AccessEntry } from '../../extproc/convert/access-log.js';
import type { ConnectQuestion } from '../../extproc/convert/ext-authz.js';
import type { PeerFacts } from '../../extproc/convert/network-ext-proc.js';
import { proxyPeer } from '../../extproc/convert/proxy-header.js';
import { addAccessLog } from '../../extproc/services/access-log.js';
import type { Connection, Transport } from '../../extproc/services/connection.js';
import { addExtAuthz } from '../../extproc/services/ext-authz.js';
import { GrpcServer } from '../../extproc/services/grpc-server.js';
import { addHealth } from '../../extproc/services/health.js';
import { createHop } from '../../extproc/services/hop.js';
import { networkExtProc, networkExtProcDefinition } from '../../extproc/services/network-ext-proc.js';

/** A gateway's surfaces, with nothing behind them: bytes pass unchanged, and everything that Envoy said is kept. */
export interface GatewayDouble {
  grpc: string;
  questions: ConnectQuestion[];
  /** by network ext_proc */
  peers: { facts: PeerFacts; listener: string }[];
  /** by hop */
  hops: ReturnType<typeof proxyPeer>[];
  access: AccessEntry[];
  /** answers of ext_authz from now on */
  allow: boolean;
  /** milliseconds that each answer of ext_authz takes */
  slow_ms: number;
  stop(): Promise<void>;
}

const quiet = { warn: () => undefined };

/** `hop` is where to listen for the hop, and where Envoy's way back is. Reject reasons are left to the caller's test. */
export async function startGatewayDouble(
  options: { grpc?: string; hop?: { port: number; upstream: { host: string; port: number } } } = {},
): Promise<GatewayDouble> {
  const server = new GrpcServer({ message_bytes_max: 64 * 1024 * 1024 });
  const double: GatewayDouble = {
    grpc: '',
    questions: [],
    peers: [],
    hops: [],
    access: [],
    allow: true,
    slow_ms: 0,
    stop: async () => undefined,
  };
  addHealth(server, []);
  addExtAuthz(server, {
    mayConnect: (question) => {
      double.questions.push(question);
      if (double.slow_ms > 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, double.slow_ms);
      return { allowed: double.allow, reason: double.allow ? '' : 'not today' };
    },
    refuses: () => Promise.reject(new Error('there is no HTTP here')),
  });
  addAccessLog(server, (entry) => double.access.push(entry));
  server.addService(
    networkExtProcDefinition,
    networkExtProc({
      log: quiet,
      open: (facts, listener, transport) => {
        double.peers.push({ facts, listener });
        return echo(transport(`session-${double.peers.length}`));
      },
    }),
  );
  const address = options.grpc ?? '127.0.0.1:0';
  const port = await server.listen(address);
  double.grpc = address.startsWith('unix:') ? address : `127.0.0.1:${port}`;
  const hop =
    options.hop &&
    createHop({
      upstream: options.hop.upstream,
      log: quiet,
      header_ms_max: 5000,
      open: (header, transport) => {
        double.hops.push(proxyPeer(header));
        return echo(transport(`session-${double.hops.length}`));
      },
    });
  if (hop) await new Promise<void>((resolve) => hop.listen(options.hop!.port, '127.0.0.1', resolve));
  double.stop = async () => {
    hop?.close();
    server.forceShutdown();
  };
  return double;
}

/** A connection that passes on what it gets. Only what the services call is there. */
function echo(transport: Transport): Connection {
  const passing = {
    receive: (from: 'downstream' | 'upstream', bytes: Buffer, end: boolean) =>
      transport.send(from === 'downstream' ? 'upstream' : 'downstream', bytes.length > 0 ? [bytes] : [], end),
    lost: () => undefined,
  };
  return passing as unknown as Connection;
}
