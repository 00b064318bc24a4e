import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { renderBootstrap } from '../../../envoy/render.js';
import type { RunningEnvoy } from '../../../extproc/process/envoy.js';
import type { Postgres } from '../../../extproc/process/postgres.js';
import { startEnvoy } from '../../support/envoy.js';
import { freePort } from '../../support/ports.js';
import { Cable } from './cable.js';
import type { GatewayProcessOptions } from './gateway-process.js';
import { eventually, ownDatabase, type TransportName } from './world.js';

export interface FleetOptions {
  transport: TransportName;
  server: Postgres;
  policy: string;
  seed: string;
  /** gateways behind the one Envoy; one unless said otherwise */
  gateways?: number;
  /** where the recordings go; beside the policy otherwise */
  recordings?: string;
  /** Envoy's configuration, changed before it is used */
  change?: (bootstrap: string) => string;
}

/** Envoy here, gateways in processes of their own, and cables between them. */
export interface Fleet {
  envoy: RunningEnvoy;
  port: number;
  /** begins the name in each statement of its agents, so that they are known in a log that fleets share */
  tag: string;
  database: string;
  /** connection string past the gateway */
  url: string;
  recordings: string;
  approvals: string;
  gateways: FleetGateway[];
  /** nobody may use it any more */
  finished: boolean;
  /** waits until Envoy finds every gateway healthy */
  healthy(): Promise<true>;
  finish(): Promise<void>;
}

let fleets = 0;

/** A number without digits, so that no detector takes it for anything. */
export const letters = (n: number): string => [...String(n)].map((digit) => 'abcdefghij'[Number(digit)]).join('');

export async function startFleet(options: FleetOptions): Promise<Fleet> {
  const { transport, server } = options;
  const database = await ownDatabase(server, options.seed);
  const directory = mkdtempSync(join(tmpdir(), 'midstream-fleet-'));
  const policyFile = join(directory, 'policy.yaml');
  const recordings = options.recordings ?? join(directory, 'recordings');
  const approvals = join(directory, 'approvals.db');
  writeFileSync(policyFile, options.policy);
  const [port, back] = [await freePort(), await freePort()];
  const gateways: FleetGateway[] = [];
  for (let worker = 1; worker <= (options.gateways ?? 1); worker++) {
    const process = {
      transport,
      catalogue: database.url,
      policyFile,
      recordings,
      approvals,
      back,
      worker,
    };
    gateways.push(await FleetGateway.start(process));
  }
  const bootstrap = renderBootstrap({
    listeners: [
      {
        name: 'postgres',
        transport,
        listen: `127.0.0.1:${port}`,
        upstream: `${server.host}:${server.port}`,
        ...(transport === 'hop' ? { hop: { gateway: gateways.map((one) => one.hop), back: `127.0.0.1:${back}` } } : {}),
      },
    ],
    gateway: { grpc: gateways.map((one) => one.grpc) },
  });
  const envoy = await startEnvoy(options.change?.(bootstrap) ?? bootstrap);
  const healthy = () =>
    eventually(
      'Envoy finds every gateway healthy',
      async () => {
        const [count] = Object.values(await envoy.stats(/^cluster\.midstream\.membership_healthy$/));
        return count === gateways.length ? true : undefined;
      },
      30_000,
    );
  await healthy();
  const fleet: Fleet = {
    envoy,
    port,
    tag: `tag_${letters(++fleets)}`,
    database: database.config.database!,
    url: database.url,
    recordings,
    approvals,
    gateways,
    healthy,
    finished: false,
    finish: async () => {
      fleet.finished = true;
      for (const gateway of gateways) await gateway.destroy();
      await envoy.stop();
      await database.drop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
  return fleet;
}

/** One gateway, which can be killed, stopped, cut off, run out of disk, and started again behind the same addresses. */
export class FleetGateway {
  private child: ChildProcess | undefined;
  private readonly cables = { grpc: new Cable(), hop: new Cable(), back: new Cable() };
  grpc = '';
  hop = '';

  private constructor(private readonly options: GatewayProcessOptions) {}

  static async start(options: GatewayProcessOptions): Promise<FleetGateway> {
    const gateway = new FleetGateway(options);
    const { grpc, hop, back } = gateway.cables;
    gateway.grpc = `127.0.0.1:${await grpc.open()}`;
    gateway.hop = `127.0.0.1:${await hop.open()}`;
    back.target = options.back;
    gateway.options.back = await back.open();
    await gateway.launch();
    return gateway;
  }

  get pid(): number {
    return this.child!.pid!;
  }

  private async launch(): Promise<void> {
    this.child = await startGatewayProcess(this.options, (ready) => {
      this.cables.grpc.target = ready.grpc;
      this.cables.hop.target = ready.hop;
    });
  }

  signal(signal: NodeJS.Signals): void {
    this.child!.kill(signal);
  }

  async ended(): Promise<void> {
    const child = this.child!;
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  }

  /** Waits until the gateway has ended, then starts the next one. */
  async restart(): Promise<void> {
    await this.ended();
    await this.launch();
  }

  /** Resets every connection between Envoy and the gateway. */
  cut(): void {
    for (const cable of Object.values(this.cables)) cable.cut();
  }

  /** Half of the gateway's streams (ext_proc) or connections to the server (hop) fail by themselves. */
  failStreams(): void {
    this.child!.stdin!.write('fail\n');
  }

  /** From now on no file of the gateway can grow beyond so many bytes; undefined: as large as they like. */
  limitFiles(bytes: number | undefined): void {
    execFileSync('prlimit', [`--pid=${this.pid}`, `--fsize=${bytes ?? 'unlimited'}:unlimited`]);
  }

  async destroy(): Promise<void> {
    this.child?.kill('SIGCONT');
    this.child?.kill('SIGKILL');
    await this.ended();
    for (const cable of Object.values(this.cables)) cable.close();
  }
}

async function startGatewayProcess(
  options: GatewayProcessOptions,
  ready: (said: { grpc: number; hop: number }) => void,
): Promise<ChildProcess> {
  const here = fileURLToPath(import.meta.url);
  // Beside compiled tests lies the compiled program; from sources it runs as they do.
  const program = here.replace(/fleet\.(ts|js)$/, 'gateway-process.$1');
  const loader = program.endsWith('.ts') ? ['--import=tsx'] : [];
  const child = spawn(process.execPath, [...loader, program, JSON.stringify(options)], { stdio: ['pipe', 'pipe', 'pipe'] });
  let said = '';
  let complaint = '';
  child.stdin!.on('error', () => {});
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
