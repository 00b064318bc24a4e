import type { Logger } from 'pino';
import { formatAddress, parseAddress } from '../../envoy/address.js';
import { authorityOf } from '../../envoy/http.js';
import type { HopAddresses } from '../../envoy/options.js';
import type { KubernetesOptions } from '../../filters/kubernetes/conversation.js';
import { accessDecider } from '../config/access.js';
import { readGrpcSchema } from '../config/grpc-schema.js';
import type { HttpConfig, KubernetesConfig, ListenerConfig } from '../config/types.js';
import type { HttpResource, Resource } from '../gateway-options.js';
import { openCredentials } from '../identity/credentials.js';
import { asCaller, openHttpCredential } from '../identity/http-login.js';
import { type Identities, openIdentities } from '../identity/index.js';
import { bearerFrom } from '../kubernetes/bearer.js';
import { type Runtime, type RuntimeOptions, type Siblings, startRuntime } from '../runtime.js';
import { openCatalogue } from '../stores/catalogue.js';
import type { Listening, WorkerSettings } from './messages.js';
import { removeStaleSocket } from './stale-socket.js';

export interface Worker {
  runtime: Runtime;
  listening: Listening;
  stop(reason: string): Promise<void>;
}

/** One gateway process as the configuration wants it. */
export async function startWorker(settings: WorkerSettings, log: Logger, siblings?: Siblings): Promise<Worker> {
  const { config, number } = settings;
  const identities = await openIdentities(config.identity, log);
  const mayConnect = accessDecider(config);
  const resources = config.listeners.map((listener) => resourceOf(listener, number, identities, mayConnect, log));
  const options = { ...runtimeOptions(identities, settings, resources, log), mayConnect };
  await removeStaleSocket(options.grpc);
  for (const { hop } of [...config.listeners, ...config.http]) {
    const { agents = [], server = [] } = hop?.starttls ?? {};
    for (const addresses of [hop?.gateway ?? [], agents, server]) if (addresses.length > 0) await removeStaleSocket(addresses[number - 1]!);
  }
  const runtime = await startRuntime({ ...options, ...(siblings ? { siblings } : {}) });
  identities.onRevoked = (has) => runtime.gateway.revoked(has);
  return {
    runtime,
    listening: {
      grpc: runtime.gateway.grpc,
      hops: runtime.gateway.hops.map(({ listener, address }) => ({ listener, address })),
      api: runtime.api,
      metrics: options.metrics ? `http://${formatAddress(options.metrics.host, options.metrics.port)}/metrics` : '',
    },
    stop: async (reason) => {
      identities.close();
      await runtime.stop(reason);
      for (const { catalogue } of resources) await catalogue?.close();
    },
  };
}

function kubernetesOptions({ token_file, impersonation }: KubernetesConfig): KubernetesOptions {
  return { credential: token_file === undefined ? () => '' : bearerFrom(token_file), impersonation };
}

function runtimeOptions(
  identities: Identities,
  { config, number, mask_key, mask_key_id, serves_api, version }: WorkerSettings,
  resources: Resource[],
  log: Logger,
): Omit<RuntimeOptions, 'mayConnect'> {
  const { record, approvals, limits } = config;
  return {
    version,
    grpc: config.gateway.grpc[number - 1]!,
    resources,
    ...(config.http.length === 0 ? {} : { http: config.http.map((one) => httpResource(one, number, identities, log)) }),
    policyFile: config.policy_file,
    record: {
      directory: record.directory,
      durability: record.durability,
      worker: number,
      segment_bytes_max: record.segment_bytes_max,
      recipients: record.recipients,
      ...(record.signing_key_file === undefined ? {} : { signing_key_file: record.signing_key_file }),
    },
    approvals: { database: approvals.database, api: approvals.api, elsewhere: !serves_api },
    mask_key,
    ...(mask_key_id === undefined ? {} : { mask_key_id }),
    regions: config.masks.regions,
    metrics: config.metrics?.[number - 1],
    log,
    limits: { names_max: limits.names_max, notice_every_ms: limits.notice_every_ms, body_ms_max: limits.body_ms_max },
  };
}

const hopOf = (hop: HopAddresses, number: number): NonNullable<Resource['hop']> => ({
  ...parseAddress(hop.gateway[number - 1]!),
  upstream: parseAddress(hop.back),
});

function httpResource(
  { name, resource, upstream, protocol, hop, kubernetes, grpc_descriptors: files, authentication, credential }: HttpConfig,
  number: number,
  identities: Identities,
  log: Logger,
): HttpResource {
  // What goes to AWS is signed by Envoy.
  const own = credential === undefined || credential.as === 'aws' ? undefined : openHttpCredential(credential);
  const authority = authorityOf(upstream);
  return {
    ...(authentication && { login: { ...authentication, identities, log } }),
    ...(kubernetes?.as_caller ? { credential: asCaller } : own && { credential: own }),
    listener: name,
    resource,
    ...(authority === undefined ? {} : { authority }),
    mcp: protocol === 'mcp',
    ...(kubernetes && { kubernetes: kubernetesOptions(kubernetes) }),
    ...(files.length === 0 ? {} : { grpc: readGrpcSchema(files) }),
    ...(hop ? { hop: hopOf(hop, number) } : {}),
  };
}

function resourceOf(
  listener: ListenerConfig,
  number: number,
  identities: Identities,
  mayConnect: ReturnType<typeof accessDecider>,
  log: Logger,
): Resource {
  const { name, resource, catalogue_url, hop, authentication } = listener;
  return {
    listener: name,
    resource,
    catalogue: catalogue_url === undefined ? undefined : openCatalogue({ url: catalogue_url, log }),
    ...(authentication
      ? {
          login: {
            methods: authentication.methods,
            cleartext: authentication.cleartext,
            ends_with_token: authentication.ends_with_token,
            upstream_encrypted: listener.upstream_tls !== undefined,
            identities,
            credentials: openCredentials(authentication.logins),
            mayReach: (principal, address) => mayConnect({ listener: name, address, principal, proven: true }).allowed,
            log,
          },
        }
      : {}),
    ...(hop?.starttls ? { starttls: handshakesOf(listener, number) } : {}),
    ...(hop ? { hop: hopOf(hop, number) } : {}),
  };
}

/** By hop: the handshakes of this worker, where TLS is asked for in band. */
function handshakesOf({ tls, upstream_tls, hop }: ListenerConfig, number: number): NonNullable<Resource['starttls']> {
  const places = hop!.starttls!;
  return {
    ...(tls && tls.negotiation !== 'direct'
      ? { agents: { at: parseAddress(places.agents[number - 1]!), next: parseAddress(places.tls), required: tls.required === true } }
      : {}),
    ...(upstream_tls && upstream_tls.negotiation !== 'direct'
      ? { server: { at: parseAddress(places.server[number - 1]!), next: parseAddress(places.plain) } }
      : {}),
  };
}
