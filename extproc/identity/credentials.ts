import { execFile } from 'node:child_process';
import { MidstreamError } from '../../filters/errors.js';
import type { Identity } from '../../filters/policy/types.js';
import { Password } from '../../filters/postgres/auth/password.js';
import { glob } from '../config/access.js';
import { WatchedFile } from './watched-file.js';

/** Where a password at a server comes from; each is read again when it changes. */
export type SecretSource =
  | { file: string }
  | { env: string }
  /** prints the password, or `{"username":…,"password":…}`; run again after `ms_max` */
  | { command: string[]; ms_max: number };

/** Who goes to the server as which role. The first that matches counts; among those that match, one whose role the client asked for. */
export interface LoginRule {
  /** identities, with * and **; undefined: anybody whose identity is proven */
  identities: string[] | undefined;
  /** one of them is a group of the agent */
  groups: string[] | undefined;
  /** mtls, jwt, token, scram */
  proofs: string[] | undefined;
  databases: string[] | undefined;
  /** role at the server; a secret that names a user of its own takes its place */
  role: string;
  secret: SecretSource | undefined;
}

/** What a secret's source gave. */
export interface Secret {
  /** undefined: the rule's own role */
  role: string | undefined;
  password: Password;
}

const COMMAND_MS_MAX = 10_000;
const COMMAND_BYTES_MAX = 64 * 1024;

export interface Credentials {
  /** undefined: no rule lets this identity in. Throws MidstreamError unavailable when the secret can't be had */
  find(identity: Identity, database: string, user: string): Promise<{ role: string; password: Password | undefined } | undefined>;
}

export function openCredentials(rules: readonly LoginRule[], env: NodeJS.ProcessEnv = process.env): Credentials {
  const compiled = rules.map((rule) => ({ rule, matches: matcher(rule), secret: rule.secret && secretOf(rule.secret, env) }));
  return {
    find: async (identity, database, user) => {
      const matching = compiled.filter(({ matches }) => matches(identity, database));
      const chosen = matching.find(({ rule }) => rule.role === user) ?? matching[0];
      if (chosen === undefined) return undefined;
      const secret = await chosen.secret?.();
      return { role: secret?.role ?? chosen.rule.role, password: secret?.password };
    },
  };
}

function matcher({ identities, groups, proofs, databases }: LoginRule): (identity: Identity, database: string) => boolean {
  const ids = identities?.map(glob);
  const names = databases?.map(glob);
  return (identity, database) =>
    (ids === undefined || ids.some((pattern) => pattern.test(identity.id))) &&
    (groups === undefined || groups.some((group) => identity.groups.includes(group))) &&
    (proofs === undefined || proofs.includes(identity.proof)) &&
    (names === undefined || names.some((pattern) => pattern.test(database)));
}

/** A name in capitals alone is the name of a variable, and no secret that was written in its place. */
export const shownVariable = (name: string): string => (/^[A-Z_][A-Z0-9_]*$/.test(name) ? name : 'that is named there');

/** Reads a secret now and whenever it may have changed. The result throws MidstreamError unavailable when it can't be had. */
export function secretOf(source: SecretSource, env: NodeJS.ProcessEnv): () => Promise<Secret> {
  if ('file' in source) {
    const file = new WatchedFile(source.file, parseSecret);
    return () => file.value();
  }
  if ('env' in source) {
    let secret: Secret | undefined;
    return async () => {
      const value = env[source.env];
      if (value === undefined || value === '')
        throw new MidstreamError('unavailable', `the environment variable ${shownVariable(source.env)} is not set`);
      secret ??= parseSecret(value);
      return secret;
    };
  }
  return commandSecret(source);
}

/** One run serves all that ask meanwhile; what it gave counts for `ms_max`, and beyond it while the command fails. */
function commandSecret({ command, ms_max }: Extract<SecretSource, { command: string[] }>): () => Promise<Secret> {
  let last: { secret: Secret; text: string; until: number } | undefined;
  let running: Promise<Secret> | undefined;
  const refresh = async (): Promise<Secret> => {
    try {
      const text = await run(command);
      // The same password keeps the keys that were derived from it.
      const secret = last?.text === text ? last.secret : parseSecret(text);
      last = { secret, text, until: performance.now() + ms_max };
      return secret;
    } catch (error) {
      if (last !== undefined) return last.secret;
      throw error;
    } finally {
      running = undefined;
    }
  };
  return async () => {
    if (last !== undefined && performance.now() < last.until) return last.secret;
    running ??= refresh();
    return await running;
  };
}

function run([file = '', ...words]: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(file, words, { timeout: COMMAND_MS_MAX, maxBuffer: COMMAND_BYTES_MAX, encoding: 'utf8' }, (error, stdout) => {
      // What the command printed may hold the secret: neither goes on.
      if (error) reject(new MidstreamError('unavailable', `the command ${file} for a password failed`));
      else resolve(stdout);
    });
  });
}

/** The first line, or the JSON that Vault and others print. Throws MidstreamError config_invalid, without the text. */
function parseSecret(text: string): Secret {
  const trimmed = text.trim();
  if (trimmed.startsWith('{')) {
    let found: { username?: unknown; password?: unknown; data?: { username?: unknown; password?: unknown } };
    try {
      found = JSON.parse(trimmed);
    } catch {
      throw new MidstreamError('config_invalid', 'a secret begins like JSON and is none');
    }
    const { username, password } = found.data ?? found;
    if (typeof password !== 'string' || password === '') throw new MidstreamError('config_invalid', 'a secret in JSON has no password');
    return { role: typeof username === 'string' && username !== '' ? username : undefined, password: new Password(password) };
  }
  const [line = ''] = trimmed.split(/\r?\n/);
  if (line === '') throw new MidstreamError('config_invalid', 'a secret is empty');
  return { role: undefined, password: new Password(line) };
}
