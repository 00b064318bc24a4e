import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { formatAddress, shownAddress } from '../../envoy/address.js';
import { parseUpstreamUrl } from '../../envoy/http.js';
import { MidstreamError } from '../../filters/errors.js';
import { isPostgresUrl, POSTGRES_URL_HINT } from '../../filters/postgres/connection-url.js';
import { loadAccess } from '../config/access-file.js';
import { LOG_LEVELS } from '../config/log-levels.js';
import { createLog } from '../log.js';
import { startUp, type UpOptions } from '../up.js';
import { cyan, dim, line, printJson, serving } from './io.js';
import { runUntilStopped, stopAsked, untilReady } from './until-stopped.js';
import { packageVersion } from './version.js';

interface Flags {
  postgres?: string;
  listen: string;
  http?: string;
  httpListen: string;
  grpcDescriptors?: string[];
  mcp?: string;
  mcpListen: string;
  kubeconfig?: string;
  kubeListen: string;
  policy: string;
  record: string;
  transport: string;
  tlsCert?: string;
  tlsKey?: string;
  tlsClientCa?: string;
  tlsRequired?: boolean;
  postgresCa?: string;
  postgresName?: string;
  durability: string;
  catalogue?: string;
  json?: boolean;
  logLevel: string;
  metricsPort?: string;
  access?: string;
}

const example = `
Example:
  midstream up --postgres 127.0.0.1:5432 --listen 6432 --policy policy.yaml --record ./recordings
  psql -h 127.0.0.1 -p 6432 -U app shop
  midstream up --http http://127.0.0.1:3000 --http-listen 8080 --policy policy.yaml
  midstream up --kubeconfig ~/.kube/config --kube-listen 8001 --policy policy.yaml

The client's own log-in is passed through. With --json one line {"ready":true,"postgres":"127.0.0.1:6432",…} is printed when all is up.
Column rules need to know which table a column comes from: --catalogue gives the gateway a connection of its own (a read-only role is enough;
$MIDSTREAM_CATALOGUE_URL keeps it out of the process list). Without it such rules go by name: columns of views are not followed.`;

export function register(program: Command): void {
  program
    .command('up')
    .description(
      'Start Envoy and the gateway before a database, an HTTP server, an MCP server, a Kubernetes API or several of them, in the foreground.',
    )
    .option('--postgres <host:port>', 'the database behind')
    .option('--listen <[host:]port>', 'where clients of the database connect', '6432')
    .option('--http <url>', 'the HTTP server behind: http://HOST:PORT or https://HOST')
    .option('--http-listen <[host:]port>', 'where its clients connect', '8080')
    .option('--grpc-descriptors <files...>', 'the HTTP server speaks gRPC: its .proto files or descriptor sets')
    .option('--mcp <url>', 'the MCP server behind (streamable HTTP, or HTTP+SSE): http://HOST:PORT or https://HOST')
    .option('--mcp-listen <[host:]port>', 'where its clients connect', '8090')
    .option('--kubeconfig <file>', 'the Kubernetes API behind: the server and the credential of its current context')
    .option('--kube-listen <[host:]port>', 'where its clients connect', '8001')
    .requiredOption('--policy <file>', 'policy file')
    .option('--record <dir>', 'directory for recordings', '.midstream/recordings')
    .option('--tls-cert <file>', 'TLS with clients of the database: the certificate chain (PEM); they ask for it as they do of PostgreSQL')
    .option('--tls-key <file>', 'its private key')
    .option('--tls-client-ca <file>', 'clients may show a certificate of this authority: its SPIFFE id becomes the identity')
    .option('--tls-required', 'clients that go on in clear are refused')
    .option('--postgres-ca <file>', 'TLS towards the database, which must show a certificate of this authority (verify-full)')
    .option('--postgres-name <name>', 'the name in its certificate, where it is not the host of --postgres')
    .option('--transport <ext_proc|hop>', 'how Envoy hands over the bytes', 'ext_proc')
    .option('--durability <strict|relaxed>', 'strict: an effect waits until its record is on disk', 'strict')
    .option('--catalogue <url>', "the gateway's own connection, for the origins of columns")
    .option('--access <file>', 'who may connect to what, as the list under access: in midstream.yaml; everybody without it')
    .option('--metrics-port <[host:]port>', 'serve Prometheus metrics there, on 127.0.0.1 where no host is named')
    .option('--log-level <level>', LOG_LEVELS.join(', '), 'warn')
    .option('--json', 'one JSON line when ready')
    .addHelpText('after', example)
    .action(serving(run));
}

async function run(flags: Flags): Promise<void> {
  const options = await withAccess(toOptions(flags), flags.access);
  const asked = stopAsked();
  const up = await untilReady(asked, startUp({ ...options, signal: asked }));
  const addresses = {
    ...(up.postgres && { postgres: formatAddress(up.postgres.host, up.postgres.port) }),
    ...(up.http && { http: `http://${formatAddress(up.http.host, up.http.port)}` }),
    ...(up.mcp && { mcp: `http://${formatAddress(up.mcp.host, up.mcp.port)}` }),
    ...(up.kubernetes && { kubernetes: `http://${formatAddress(up.kubernetes.host, up.kubernetes.port)}` }),
  };
  if (flags.json) {
    printJson({
      ready: true,
      ...addresses,
      ...(up.kubernetes && { kubeconfig: up.kubernetes.kubeconfig }),
      transport: options.transport,
      api: up.api,
      token_file: up.tokenFile,
      record: resolve(options.recordDirectory),
      envoy: up.envoyVersion,
      verifier_key: up.runtime.recordings.verifier_key,
      pid: process.pid,
    });
  } else {
    line(
      `${cyan('ready')}  connect to ${Object.values(addresses).join(' and ')}   ${dim(`approvals: ${up.api}, recordings: ${resolve(options.recordDirectory)}`)}`,
    );
  }
  if (up.kubernetes && !flags.json) line(`       export KUBECONFIG=${up.kubernetes.kubeconfig}`);
  await runUntilStopped(asked, up.stop, up.failed, () => void up.runtime.reload());
}

async function withAccess(options: UpOptions, file: string | undefined): Promise<UpOptions> {
  if (file === undefined) return options;
  const named = (server: UpOptions['http']) => (server === undefined ? [] : [{ resource: new URL(server.url).host }]);
  const { postgres } = options;
  const access = await loadAccess(file, {
    listeners: postgres === undefined ? [] : [{ resource: formatAddress(postgres.host, postgres.port) }],
    http: [...named(options.http), ...named(options.mcp)],
  });
  return { ...options, access };
}

/** Characters that no host has: a URL was written, or a credential. */
const NO_HOST = /[\s/@?#[\]]/;

export function hostPort(text: string, defaultHost: string, what: string): { host: string; port: number } {
  const at = text.lastIndexOf(':');
  const host = at < 0 ? defaultHost : text.slice(0, at).replace(/^\[|\]$/g, '');
  const port = Number(at < 0 ? text : text.slice(at + 1));
  if (!Number.isInteger(port) || port < 0 || port > 65535 || host === '' || NO_HOST.test(host)) {
    throw new MidstreamError('bad_input', `${what} ${shownAddress(text)} is no address`, {
      hint: 'write it as HOST:PORT, for example 127.0.0.1:5432',
    });
  }
  return { host, port };
}

function oneOf<T extends string>(value: string, allowed: readonly T[], what: string): T {
  const found = allowed.find((one) => one === value);
  if (found === undefined)
    throw new MidstreamError('bad_input', `${what} ${value} is not known`, { hint: `use one of ${allowed.join(', ')}` });
  return found;
}

function server(option: '--http' | '--mcp', url: string | undefined, listen: string): UpOptions['http'] {
  return url === undefined ? undefined : { url: serverUrl(option, url), listen: hostPort(listen, '127.0.0.1', `${option}-listen`) };
}

function serverUrl(option: string, text: string): string {
  try {
    parseUpstreamUrl(text);
    return text;
  } catch (error) {
    throw new MidstreamError(
      'bad_input',
      `${option} ${shownAddress(text)} is no server: ${error instanceof Error ? error.message : 'it is no URL'}`,
      {
        hint: 'write it as http://HOST:PORT or https://HOST',
      },
    );
  }
}

function tlsOf({ tlsCert, tlsKey, tlsClientCa, tlsRequired, postgresCa, postgresName }: Flags): Pick<UpOptions, 'tls' | 'upstreamTls'> {
  if ((tlsCert === undefined) !== (tlsKey === undefined))
    throw new MidstreamError('bad_input', 'a certificate and its key go together', { hint: 'give both --tls-cert and --tls-key' });
  if (tlsCert === undefined && (tlsClientCa !== undefined || tlsRequired === true))
    throw new MidstreamError('bad_input', 'there is no certificate for TLS with clients', { hint: 'give --tls-cert and --tls-key too' });
  if (postgresCa === undefined && postgresName !== undefined)
    throw new MidstreamError('bad_input', '--postgres-name is of use with TLS towards the database alone', {
      hint: 'give --postgres-ca too',
    });
  for (const file of [tlsCert, tlsKey, tlsClientCa, postgresCa])
    if (file !== undefined && !existsSync(file)) throw new MidstreamError('not_found', `there is no file ${file}`);
  return {
    ...(tlsCert !== undefined &&
      tlsKey !== undefined && {
        tls: {
          certificate_file: resolve(tlsCert),
          key_file: resolve(tlsKey),
          ...(tlsClientCa !== undefined && { client_ca_file: resolve(tlsClientCa), client_certificate: 'optional' as const }),
          required: tlsRequired === true,
        },
      }),
    ...(postgresCa !== undefined && {
      upstreamTls: { ca_file: resolve(postgresCa), ...(postgresName !== undefined && { server_name: postgresName }) },
    }),
  };
}

function toOptions(flags: Flags): UpOptions {
  const http = server('--http', flags.http, flags.httpListen);
  const mcp = server('--mcp', flags.mcp, flags.mcpListen);
  if (flags.postgres === undefined && http === undefined && mcp === undefined && flags.kubeconfig === undefined)
    throw new MidstreamError('bad_input', 'there is nothing to stand before', {
      hint: 'give --postgres HOST:PORT, --http URL, --mcp URL, --kubeconfig FILE or several of them',
    });
  const catalogueUrl = flags.catalogue ?? process.env.MIDSTREAM_CATALOGUE_URL;
  if (catalogueUrl !== undefined && !isPostgresUrl(catalogueUrl))
    throw new MidstreamError(
      'bad_input',
      `${flags.catalogue === undefined ? 'MIDSTREAM_CATALOGUE_URL' : '--catalogue'} is no connection string of PostgreSQL`,
      {
        hint: POSTGRES_URL_HINT,
      },
    );
  const progress = flags.json ? () => {} : (text: string) => process.stderr.write(`${dim(text, process.stderr)}\n`);
  return {
    version: packageVersion(),
    ...(flags.postgres === undefined ? {} : { postgres: hostPort(flags.postgres, '127.0.0.1', '--postgres') }),
    ...(http && { http: { ...http, ...(flags.grpcDescriptors && { grpcDescriptors: flags.grpcDescriptors }) } }),
    ...(mcp && { mcp }),
    ...(flags.kubeconfig !== undefined && {
      kubernetes: { kubeconfig: resolve(flags.kubeconfig), listen: hostPort(flags.kubeListen, '127.0.0.1', '--kube-listen') },
    }),
    listen: hostPort(flags.listen, '127.0.0.1', '--listen'),
    ...tlsOf(flags),
    transport: oneOf(flags.transport, ['ext_proc', 'hop'] as const, '--transport'),
    durability: oneOf(flags.durability, ['strict', 'relaxed'] as const, '--durability'),
    policyFile: resolve(flags.policy),
    recordDirectory: resolve(flags.record),
    discoveryDirectory: resolve('.midstream'),
    catalogueUrl,
    log: createLog(oneOf(flags.logLevel, LOG_LEVELS, '--log-level')),
    progress,
    ...(flags.metricsPort === undefined ? {} : { metrics: hostPort(flags.metricsPort, '127.0.0.1', '--metrics-port') }),
  };
}
