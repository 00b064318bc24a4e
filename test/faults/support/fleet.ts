import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { renderBootstrap } from '../../../envoy/render.js';
import type { RunningEnvoy } from '../../../extproc/process/envoy.js';
import type { Postgres } from '../../../extproc/process/postgres.js';
import { startEnvoy } from '../../support/envoy.js';
import { freePort } from '../../support/ports.js';
import { ownDatabase, type TransportName } from './world.js';

/** Node can't reset a socket whose sending side was shut down: it would stay open for good. */
function reset(socket: net.Socket): void {
  if (socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}

/** The wire between Envoy and the gateway: it can be cut, and what is behind it can be replaced. */
export class Cable {
  target = 0;
  private readonly pairs = new Set<{ from: net.Socket; to: net.Socket }>();
  private readonly server = net.createServer((from) => {
    const to = net.connect({ port: this.target, host: '127.0.0.1', noDelay: true });
    from.setNoDelay(true);
    const pair = { from, to };
    this.pairs.add(pair);
    const over = () => {
      this.pairs.delete(pair);
      from.destroy();
      to.destroy();
    };
    // A reset on one side must not look like an orderly end on the other.
    from.on('error', () => reset(to));
    to.on('error', () => reset(from));
    for (const socket of [from, to]) socket.on('close', over);
    from.pipe(to);
    to.pipe(from);
  });

  async open(): Promise<number> {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    return (this.server.address() as net.AddressInfo).port;
  }

  /** Every connection is reset, towards both sides. */
  cut(): void {
    for (const { from, to } of this.pairs) {
      reset(from);
      reset(to);
    }
  }

  close(): void {
    this.server.close();
    this.cut();
  }
}

export interface Fleet {
  envoy: RunningEnvoy;
  port: number;
  database: string;
  directory: string;
  recordings: string;
  cable: Cable;
  /** process id of the gateway that runs now */
  gateway(): number;
  signal(signal: NodeJS.Signals): void;
  /** waits until the gateway has ended, then starts the next one */
  restart(): Promise<void>;
  ended(): Promise<void>;
  finish(): Promise<void>;
}

/** Envoy here, the gateway in a process of its own, and a cable between them. */
export async function startFleet(options: { transport: TransportName; server: Postgres; policy: string; seed: string }): Promise<Fleet> {
  const { transport, server } = options;
  const database = await ownDatabase(server, options.seed);
  const directory = mkdtempSync(join(tmpdir(), 'midstream-fleet-'));
  const policyFile = join(directory, 'policy.yaml');
  const recordings = join(directory, 'recordings');
  writeFileSync(policyFile, options.policy);
  const [port, back] = [await freePort(), await freePort()];
  const [grpc, hop] = [new Cable(), new Cable()];
  const [grpcPort, hopPort] = [await grpc.open(), await hop.open()];
  const childOptions = { transport, catalogue: database.url, policyFile, recordings, approvals: join(directory, 'approvals.db'), back };
  let child: ChildProcess;
  const start = async () => {
    child = await startGatewayProcess(childOptions, (ready) => {
      grpc.target = ready.grpc;
      hop.target = ready.hop;
    });
  };
  await start();
  const envoy = await startEnvoy(
    renderBootstrap({
      listeners: [
        {
          name: 'postgres',
          transport,
          listen: `127.0.0.1:${port}`,
          upstream: `${server.host}:${server.port}`,
          ...(transport === 'hop' ? { hop: { gateway: [`127.0.0.1:${hopPort}`], back: `127.0.0.1:${back}` } } : {}),
        },
      ],
      gateway: { grpc: [`127.0.0.1:${grpcPort}`] },
    }),
  );
  const ended = async () => {
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  };
  return {
    envoy,
    port,
    database: database.config.database!,
    directory,
    recordings,
    cable: transport === 'hop' ? hop : grpc,
    gateway: () => child.pid!,
    signal: (signal) => void child.kill(signal),
    ended,
    restart: async () => {
      await ended();
      await start();
    },
    finish: async () => {
      child.kill('SIGCONT');
      child.kill('SIGKILL');
      await ended();
      await envoy.stop();
      grpc.close();
      hop.close();
      await database.drop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

async function startGatewayProcess(options: object, ready: (said: { grpc: number; hop: number }) => void): Promise<ChildProcess> {
  const here = fileURLToPath(import.meta.url);
  // Beside compiled tests lies the compiled program; from sources it runs as they do.
  const program = here.replace(/fleet\.(ts|js)$/, 'gateway-process.$1');
  const loader = program.endsWith('.ts') ? ['--import=tsx'] : [];
  const child = spawn(process.execPath, [...loader, program, JSON.stringify(options)], { stdio: ['pipe', 'pipe', 'pipe'] });
  let said = '';
  let complaint = '';
  child.stderr!.on('data', (chunk) => {
    complaint = `${complaint}${chunk}`.slice(-4000);
    if (process.env['MIDSTREAM_VERBOSE']) process.stderr.write(chunk);
  });
  await new Promise<void>((resolve, reject) => {
    child.once('exit', () => reject(new Error(`the gateway ended before it was ready: ${complaint}`)));
    child.stdout!.on('data', (chunk) => {
      said += chunk;
      if (!said.includes('\n')) return;
      ready(JSON.parse(said) as { grpc: number; hop: number });
      resolve();
    });
  });
  return child;
}
