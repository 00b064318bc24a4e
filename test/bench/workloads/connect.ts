import { logins, loginTarget } from '../login.js';
import type { TargetName } from '../options.js';
import type { Workload, WorkloadContext } from './index.js';
import { pgbenchSample } from './measure.js';
import { script } from './select-only.js';

/** A new connection for each transaction. */
export function connect({ options, pgbench }: WorkloadContext): Workload[] {
  return [1, 8]
    .filter((clients) => !options.quick || clients === 1)
    .map((clients) => ({
      name: `connect-${clients}`,
      title: `a new connection for each select, ${clients} ${clients === 1 ? 'client' : 'clients'} (connections/s)`,
      run: (target) => pgbenchSample(pgbench!, target, { script, protocol: 'simple', clients, seconds: options.seconds, connect: true }),
    }));
}

const titles = {
  pass: 'SCRAM at the server, passed through',
  scram: 'SCRAM at the gateway, and the gateway’s own at the server',
  jwt: 'a JWT at the gateway, SCRAM at the server',
  'jwt-tls': 'a JWT over TLS at the gateway, SCRAM at the server (direct: SCRAM in clear)',
  'jwt-tls-both': 'a JWT over TLS at the gateway, SCRAM over TLS at the server (direct: SCRAM over TLS)',
};

/** The same where the server asks for SCRAM, and the gateway ends log-ins; keys that it derives from the server's password are kept. */
export function connectByLogin({ options, pgbench }: WorkloadContext): Workload[] {
  const script = 'select 1;';
  return logins.map((login) => ({
    name: `connect-login-${login}`,
    title: `a new connection for each select 1, 1 client: ${titles[login]} (connections/s)`,
    targets: (name) => ['direct', 'midstream-ext_proc', 'midstream-hop'].includes(name),
    run: async ({ name }) => {
      const target = await loginTarget(name as TargetName, login);
      const { sslmode } = target;
      return pgbenchSample(pgbench!, target, { script, protocol: 'simple', clients: 1, seconds: options.seconds, connect: true, sslmode });
    },
  }));
}
