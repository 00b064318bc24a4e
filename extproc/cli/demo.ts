import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import type { HoldRecord } from '../../filters/approval/types.js';
import { MidstreamError } from '../../filters/errors.js';
import type { StoredEvent } from '../../filters/record/chain.js';
import { type AgentEvent, runAgent } from '../demo/agent.js';
import { runApiAgent } from '../demo/api-agent.js';
import { seedShop } from '../demo/seed.js';
import { startShopApi, startShopMcp } from '../demo/servers.js';
import { agentLines, sessionLines } from '../demo/show.js';
import { npmGone } from '../process/npm-gone.js';
import { packageRoot } from '../process/places.js';
import { type Postgres, startPostgres, useDatabaseUrl } from '../process/postgres.js';
import { listSessions, readSession } from '../stores/recordings/query.js';
import { action, bold, cyan, dim, line, printable, printJson, yellow } from './io.js';
import { aborted } from './until-stopped.js';
import { packageVersion } from './version.js';

interface Flags {
  listen: string;
  httpListen: string;
  mcpListen: string;
  transport: string;
  policy?: string;
  directory: string;
  approve?: boolean;
  once?: boolean;
  json?: boolean;
}

/** How often the demonstration looks whether somebody has to decide, in milliseconds. */
const LOOK_MS = 250;

/** `midstream demo`: everything at once, on this machine, without anything of one's own. */
export function register(program: Command): void {
  program
    .command('demo')
    .description(
      'a small shop (PostgreSQL, an HTTP API, an MCP server), Envoy and the gateway before it, and an agent that takes it too far',
    )
    .option('--listen <port>', 'where to connect to the database; 0 for any', '6432')
    .option('--http-listen <port>', 'where the API is; 0 for any', '0')
    .option('--mcp-listen <port>', 'where the MCP server is; 0 for any', '0')
    .option('--transport <transport>', 'of the database: ext_proc or hop', 'ext_proc')
    .option('--policy <file>', 'another policy than the sample')
    .option('--directory <folder>', 'where recordings and the approvals go', '.midstream')
    .option('--approve', 'approve what is held without asking')
    .option('--once', 'end when the agent is done')
    .option('--json', 'print what happens as JSON, a line each')
    .addHelpText(
      'after',
      '\nExamples:\n  midstream demo\n  midstream demo --approve --once\n  DATABASE_URL=postgres://me:secret@db:5432/postgres midstream demo',
    )
    .action(action(demo));
}

async function demo(flags: Flags): Promise<void> {
  const ports = {
    postgres: portOf('--listen', flags.listen),
    http: portOf('--http-listen', flags.httpListen),
    mcp: portOf('--mcp-listen', flags.mcpListen),
  };
  const { transport } = flags;
  if (transport !== 'ext_proc' && transport !== 'hop')
    throw new MidstreamError('bad_input', `--transport can't be ${JSON.stringify(transport)}`, { hint: 'Use ext_proc or hop.' });
  const screen = flags.json ? jsonScreen : textScreen;
  const stops: (() => Promise<void>)[] = [];
  const { signal, done } = untilSignal();
  try {
    await Promise.race([show({ flags, ports, transport, screen, stops, signal }), aborted(signal)]);
  } finally {
    screen.step('stopping');
    for (const stop of stops.reverse())
      await stop().catch((error: unknown) => screen.step(`not stopped cleanly: ${error instanceof Error ? error.message : String(error)}`));
    done();
  }
  // The child processes are gone; a driver's timer must not keep the terminal.
  process.exit(process.exitCode ?? 0);
}

function portOf(option: string, text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
  throw new MidstreamError('bad_input', `${option} can't be ${JSON.stringify(text)}`, { hint: 'Write a port, for example 6432.' });
}

interface Screen {
  /** what is being done now */
  step(text: string): void;
  agent(event: AgentEvent): void;
  /** a statement or a request waits */
  held(record: HoldRecord): void;
  ready(at: { connect: string; http: string; mcp: string }, directory: string): void;
  /** a session of the recording */
  session(session: { session: string; resource: string }, lines: string[]): void;
}

interface Show {
  flags: Flags;
  ports: { postgres: number; http: number; mcp: number };
  transport: 'ext_proc' | 'hop';
  screen: Screen;
  /** what has to be stopped, in the order in which it was started */
  stops: (() => Promise<void>)[];
  /** aborted by the first Ctrl-C */
  signal: AbortSignal;
}

async function show({ flags, ports, transport, screen, stops, signal }: Show): Promise<void> {
  const log = (text: string) => screen.step(text);
  const given = process.env.DATABASE_URL;
  /** What is interrupted while it starts has to be stopped too. */
  const started = <T>(starting: Promise<T>, stop: (it: T) => Promise<void>): Promise<T> => {
    stops.push(() => starting.then(stop, () => undefined));
    return starting;
  };
  const postgres: Postgres = await started(given ? useDatabaseUrl(given) : startPostgres({ log, signal }), (it) => it.stop());
  screen.step('seeding a small shop: customers, orders, API keys, salaries');
  // Our own server goes with all that is in it.
  const shop = await started(seedShop(postgres.url, given ? {} : { database: 'shop' }), async (it) => (given ? it.drop() : undefined));
  const api = await started(startShopApi(), (it) => it.stop());
  const mcp = await started(startShopMcp(), (it) => it.stop());
  // Beside it lies what `midstream approvals` finds the API by; recordings of earlier demonstrations stay.
  const record = join(resolve(flags.directory), 'demo');
  mkdirSync(record, { recursive: true, mode: 0o700 });
  // Loaded here, so that the other commands start without gRPC.
  const [{ startUp }, { createLog }] = await Promise.all([import('../up.js'), import('../log.js')]);
  const starting = startUp({
    version: packageVersion(),
    postgres: { host: postgres.host, port: postgres.port },
    listen: { host: '127.0.0.1', port: ports.postgres },
    http: { url: api.url, resource: 'shop-api', listen: { host: '127.0.0.1', port: ports.http } },
    mcp: { url: mcp.url, resource: 'shop-mcp', listen: { host: '127.0.0.1', port: ports.mcp } },
    transport,
    policyFile: flags.policy === undefined ? join(packageRoot(), 'extproc', 'policies', 'demo.yaml') : resolve(flags.policy),
    recordDirectory: record,
    durability: 'strict',
    catalogueUrl: shop.adminUrl,
    resource: 'shop',
    log: createLog('warn'),
    progress: log,
    signal,
  });
  const up = await started(starting, (it) => it.stop());
  const { host } = up.postgres;
  const urlOf = (at: { host: string; port: number } | undefined) => `http://${at!.host}:${at!.port}`;
  const servers = { api: urlOf(up.http), mcp: urlOf(up.mcp) };
  const connect = `postgres://${shop.agent.user}:${shop.agent.password}@${host}:${up.postgres.port}/${shop.database}`;
  screen.ready({ connect, http: servers.api, mcp: `${servers.mcp}/mcp` }, record);
  const began_ms = Date.now();
  const approvals = watchHolds(up.api, up.operatorToken, screen, flags.approve === true);
  try {
    await runAgent({ host, port: up.postgres.port, database: shop.database, ...shop.agent }, screen.agent);
    await runApiAgent(servers, screen.agent);
  } finally {
    approvals.stop();
  }
  await replay(record, began_ms, screen);
  if (flags.once) return;
  screen.step('the gateway goes on; connect with psql or curl and try it, or stop with Ctrl-C');
  await Promise.race([aborted(signal), up.failed.then((why) => Promise.reject(new MidstreamError('unavailable', why)))]);
}

/** Tells of what is held as an approver would learn of them: over the approvals API. */
function watchHolds(api: string, token: string, screen: Screen, approve: boolean): { stop(): void } {
  const told = new Set<string>();
  const call = (path: string, init: RequestInit = {}) =>
    fetch(`${api}${path}`, { ...init, headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' } });
  const look = async () => {
    const answer = await call('/v1/approvals?status=pending');
    if (!answer.ok) return;
    const { approvals } = (await answer.json()) as { approvals: HoldRecord[] };
    for (const record of approvals) {
      const { hold } = record.operation;
      if (told.has(hold)) continue;
      told.add(hold);
      screen.held(record);
      if (approve)
        await call(`/v1/approvals/${hold}/approve`, {
          method: 'POST',
          body: JSON.stringify({ comment: 'approved by midstream demo --approve' }),
        });
    }
  };
  // A look that fails is followed by the next one.
  const timer = setInterval(() => void look().catch(() => undefined), LOOK_MS);
  return { stop: () => clearInterval(timer) };
}

/** What the agent did, as it was recorded: of each session what was decided, held and masked. */
async function replay(record: string, began_ms: number, screen: Screen): Promise<void> {
  const sessions = (await listSessions(record)).filter((one) => Date.parse(one.start) >= began_ms - CLOCK_MS);
  if (sessions.length === 0) throw new MidstreamError('not_found', 'the agent’s sessions were not recorded');
  screen.step('what was recorded, in short; npx midstream replay SESSION --record DIRECTORY has all of it');
  for (const one of sessions.sort((a, b) => a.start.localeCompare(b.start))) {
    const events: StoredEvent[] = [];
    for await (const event of readSession(record, one.session)) events.push(event);
    const lines = sessionLines(events, printable);
    if (lines.length > 0) screen.session(one, lines);
  }
}

/** The gateway's clock and this one are the same; sessions are written with milliseconds. */
const CLOCK_MS = 1;

const textScreen: Screen = {
  step: (text) => line(dim(`· ${text}`)),
  agent: (event) => {
    for (const text of agentLines(event)) line(text);
  },
  held: ({ operation }) => {
    line(
      `       ${yellow('waits')}   for somebody of ${operation.terms.by.join(', ') || 'the approvers'} (rule ${operation.rule}); in another terminal:`,
    );
    line(`               ${bold(`npx midstream approvals approve ${operation.hold}`)}`);
  },
  ready: ({ connect, http, mcp }, directory) => {
    line('');
    line(`${bold('ready')}  ${cyan(connect)}`);
    line(`       API ${cyan(http)}  MCP ${cyan(mcp)}`);
    line(dim(`       recordings: ${directory}`));
  },
  session: ({ session, resource }, lines) => {
    line(`       ${bold(session)} ${printable(resource)}`);
    for (const text of lines) line(`         ${text}`);
  },
};

const jsonScreen: Screen = {
  step: (text) => printJson({ step: text }),
  agent: (event) => printJson({ agent: event }),
  held: ({ operation }) => printJson({ held: operation.hold, rule: operation.rule, text: operation.text }),
  ready: (at, directory) => printJson({ ready: true, ...at, record: directory }),
  session: ({ session, resource }, lines) => printJson({ session, resource, replay: lines }),
};

/** Aborted by the first SIGINT or SIGTERM; a second one ends at once. */
function untilSignal(): { signal: AbortSignal; done(): void } {
  const controller = new AbortController();
  const onSignal = () => {
    if (controller.signal.aborted) process.exit(130);
    controller.abort();
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, onSignal);
  void npmGone().then(() => controller.abort());
  return {
    signal: controller.signal,
    done: () => {
      for (const signal of signals) process.off(signal, onSignal);
    },
  };
}
