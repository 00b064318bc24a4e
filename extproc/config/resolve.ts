import { dirname, resolve } from 'node:path';
import type { HopAddresses } from '../../envoy/options.js';
import { parseBytes, parseDuration } from '../../filters/policy/units.js';
import type { ConfigDocument } from './document.js';
import { resolveIdentity } from './identity.js';
import { resolvePeople } from './people.js';
import { Places, type ResolveContext } from './places.js';
import { resolveAccess } from './resolve-access.js';
import { resolveHttpListener } from './resolve-http.js';
import { resolveListener } from './resolve-listener.js';
import type { Config, HttpConfig, ListenerConfig, TokenConfig } from './types.js';
import { checkLogins } from './who-can-log-in.js';

/** Fills in defaults and checks what a schema can't. Mistakes are told to `problem`; what is returned then is of no use. */
export async function resolveConfig(document: ConfigDocument, context: ResolveContext): Promise<Config> {
  const at = new Places(context);
  const workers = document.gateway?.workers ?? 1;
  const path = (name: string) => resolve(dirname(context.file), name);
  const optionalPath = (name: string | undefined) => (name === undefined ? undefined : path(name));
  const directory = path(document.record.directory);
  const listeners: ListenerConfig[] = [];
  for (const [i, one] of (document.listeners ?? []).entries())
    listeners.push(await resolveListener(one, `/listeners/${i}`, workers, at, path));
  const http = (document.http ?? []).map((one, i) => resolveHttpListener(one, `/http/${i}`, workers, at, path));
  if (listeners.length + http.length === 0)
    at.problem('', 'there are neither listeners nor http', 'name a database under listeners, or a server under http');
  distinct(document, listeners, http, at);
  const { api } = document.approvals ?? {};
  if (api !== undefined && api.login === undefined && api.tokens === undefined)
    at.problem('/approvals/api', 'nobody may use the approvals API', 'add tokens (`midstream approvals token`), or login');
  const identity = resolveIdentity(document.identity, { problem: context.problem, path });
  checkLogins(listeners, http, identity, (i) => document.http![i]!.credential?.cleartext === 'any', context.problem);
  const { limits = {} } = document;
  return {
    file: context.file,
    listeners,
    http,
    gateway: { grpc: at.perWorker('/gateway/grpc', document.gateway?.grpc ?? '127.0.0.1:50051', workers), workers },
    policy_file: path(document.policy),
    record: {
      directory,
      durability: document.record.durability ?? 'strict',
      segment_bytes_max: parseBytes(document.record.segment_bytes_max ?? '64MiB') ?? 0,
      recipients: document.record.recipients ?? [],
      signing_key_file: optionalPath(document.record.signing_key_file),
    },
    approvals: {
      database: path(document.approvals?.database ?? resolve(directory, '..', 'approvals.db')),
      api: document.approvals?.api && {
        ...at.socket('/approvals/api/listen', document.approvals.api.listen),
        hosts: document.approvals.api.hosts ?? [],
        tokens: tokens(document.approvals.api.tokens ?? [], at),
        login:
          document.approvals.api.login &&
          resolvePeople(document.approvals.api.login, '/approvals/api/login', { problem: context.problem, path }),
      },
    },
    identity,
    access: document.access && resolveAccess(document.access, '/access', { listeners, http }, context),
    masks: {
      key_file: optionalPath(document.masks?.key_file),
      regions: (document.masks?.regions ?? []).map((region, i) => at.region(`/masks/regions/${i}`, region)),
    },
    log: { level: document.log?.level ?? 'info' },
    metrics: document.metrics && metrics(document.metrics.listen, workers, at),
    envoy: { admin: document.envoy?.admin && at.local('/envoy/admin', document.envoy.admin) },
    limits: {
      connections_max: limits.connections_max ?? 10_000,
      connection_buffer_bytes_max: parseBytes(limits.connection_buffer_bytes_max ?? '256KiB') ?? 0,
      connect_ms_max: parseDuration(limits.connect_timeout ?? '5s') ?? 0,
      names_max: limits.names_max ?? 10_000,
      notice_every_ms: parseDuration(limits.notice_every ?? '30s') ?? 0,
      body_ms_max: parseDuration(limits.body_within ?? '5m') ?? 0,
    },
  };
}

/** Names and addresses that stand for one thing each. */
function distinct(document: ConfigDocument, listeners: readonly ListenerConfig[], http: readonly HttpConfig[], at: Places): void {
  const names = new Set<string>();
  const addresses = new Map<string, string>();
  const take = (pointer: string, name: string, listen: string, hop: HopAddresses | undefined, back: string | undefined): void => {
    const taken: [string, string][] = [[`${pointer}/listen`, listen]];
    if (back !== undefined) taken.push([`${pointer}/hop/back`, back]);
    for (const address of hop?.gateway ?? []) taken.push([`${pointer}/hop/gateway`, address]);
    for (const [where, address] of taken) {
      const other = addresses.get(address);
      if (other !== undefined) at.problem(where, `${address} is taken by ${other} already`, 'choose another port');
      addresses.set(address, name);
    }
  };
  for (const [i, one] of (document.http ?? []).entries()) {
    if (names.has(one.name)) at.problem(`/http/${i}/name`, `two listeners are called ${one.name}`, 'give them different names');
    names.add(one.name);
    take(`/http/${i}`, one.name, one.listen, http[i]?.hop, one.hop?.back);
  }
  for (const [i, one] of listeners.entries()) {
    if (names.has(one.name)) at.problem(`/listeners/${i}/name`, `two listeners are called ${one.name}`, 'give them different names');
    names.add(one.name);
    take(`/listeners/${i}`, one.name, document.listeners![i]!.listen, one.hop, one.hop?.back);
  }
}

function tokens(
  given: readonly { id: string; also?: string[]; groups: string[]; hash: string; expires?: string }[],
  at: Places,
): TokenConfig[] {
  const hashes = new Set<string>();
  return given.map((token, i) => {
    if (hashes.has(token.hash))
      at.problem(`/approvals/api/tokens/${i}/hash`, 'two tokens have the same hash', 'give each person a token of their own');
    hashes.add(token.hash);
    if (token.expires !== undefined && Number.isNaN(Date.parse(token.expires)))
      at.problem(`/approvals/api/tokens/${i}/expires`, `${token.expires} is no date`, 'write a date, for example 2030-01-31');
    const { id, also, groups, hash, expires } = token;
    return { id, ...(also === undefined ? {} : { also }), groups, hash, ...(expires === undefined ? {} : { expires }) };
  });
}

function metrics(listen: string, workers: number, at: Places): { host: string; port: number }[] {
  at.socket('/metrics/listen', listen);
  return at.perWorker('/metrics/listen', listen, workers, { local: false }).map((address) => at.socket('/metrics/listen', address));
}
