import { open } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { MidstreamError } from '../../filters/errors.js';
import { invalidPolicy, type Problem } from '../../filters/policy/problems.js';
import { decodePolicy, readSource } from '../../filters/policy/source.js';
import { checkStructure } from '../../filters/policy/structure.js';
import type { ConfigDocument } from './document.js';
import { resolveConfig } from './resolve.js';
import { configSchema } from './schema.js';
import type { Config } from './types.js';

export type { AccessRule, Config, ListenerConfig, TokenConfig } from './types.js';

/** Longest midstream.yaml, and longest file that it names for a connection string. */
const CONFIG_BYTES_MAX = 1024 * 1024;

export interface LoadConfigOptions {
  /** where url_env looks; the process's own environment otherwise */
  env?: NodeJS.ProcessEnv;
  /** instead of gateway.workers of the file */
  workers?: number;
}

/**
 * Reads midstream.yaml: checked whole, defaults filled in, paths made absolute from the file's own folder.
 * @throws MidstreamError not_found, unavailable (can't be read), or config_invalid with every mistake on a line of its own,
 *   `file:line:col: what is wrong; what to do`
 */
export async function loadConfig(path: string, options: LoadConfigOptions = {}): Promise<Config> {
  const text = await readText(path);
  const source = readSource(text);
  const problems: Problem[] = [...source.problems];
  const fail = () => new MidstreamError('config_invalid', invalidPolicy(problems, text, path).message);
  if (problems.length > 0) throw fail();
  problems.push(...checkStructure(source, configSchema));
  if (problems.length > 0) throw fail();
  const file = resolve(path);
  const readFile = (name: string) => readText(resolve(dirname(file), name));
  const read = source.value as ConfigDocument;
  const document = options.workers === undefined ? read : { ...read, gateway: { ...read.gateway, workers: options.workers } };
  const config = await resolveConfig(document, {
    file,
    env: options.env ?? process.env,
    readFile,
    problem: (pointer, what, fix) => problems.push({ offset: source.valueAt(pointer), what, fix }),
  });
  if (problems.length > 0) throw fail();
  return config;
}

export const readConfigText = readText;

async function readText(path: string): Promise<string> {
  try {
    const handle = await open(path, 'r');
    try {
      const stat = await handle.stat();
      if (!stat.isFile()) throw new MidstreamError('bad_input', `${path} is not a file`);
      if (stat.size > CONFIG_BYTES_MAX)
        throw new MidstreamError('config_invalid', `${path}:1:1: the file is larger than ${CONFIG_BYTES_MAX} bytes`);
      return decodePolicy(await handle.readFile());
    } finally {
      await handle.close();
    }
  } catch (cause) {
    if (cause instanceof MidstreamError) throw cause;
    if (cause instanceof RangeError) throw new MidstreamError('config_invalid', `${path}:1:1: ${cause.message}; save it as UTF-8`);
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT') throw new MidstreamError('not_found', `there is no file ${path}`, { cause });
    throw new MidstreamError('unavailable', `${path} can't be read: ${code ?? 'unknown'}`, { cause });
  }
}
