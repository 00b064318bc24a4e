import type { RenderOptions } from './options.js';

/** The scenarios whose configuration is kept in this folder, so that a change of the renderer is read as a diff. */
export const scenarios: Readonly<Record<string, RenderOptions>> = {
  postgres: {
    admin: '127.0.0.1:9901',
    gateway: { grpc: ['127.0.0.1:50051'] },
    listeners: [{ name: 'postgres', transport: 'ext_proc', listen: '127.0.0.1:6432', upstream: '127.0.0.1:5432' }],
  },
  http: {
    admin: '127.0.0.1:9901',
    gateway: { grpc: ['127.0.0.1:50051'] },
    listeners: [],
    http: [
      {
        name: 'api',
        listen: '127.0.0.1:8080',
        upstream: 'http://127.0.0.1:8081',
        hop: { gateway: ['127.0.0.1:50061'], back: '127.0.0.1:50071' },
      },
    ],
  },
  'postgres-tls': {
    admin: '127.0.0.1:9901',
    gateway: { grpc: ['127.0.0.1:50051'] },
    listeners: [
      {
        name: 'postgres',
        transport: 'ext_proc',
        listen: '0.0.0.0:6432',
        upstream: 'db.internal:5432',
        tls: {
          certificate_file: '/etc/midstream/tls/tls.crt',
          key_file: '/etc/midstream/tls/tls.key',
          client_ca_file: '/etc/midstream/tls/ca.crt',
          client_certificate: 'optional',
          required: true,
        },
        upstream_tls: { ca_file: '/etc/midstream/tls/db-ca.crt' },
      },
    ],
  },
  'postgres-hop': {
    admin: '127.0.0.1:9901',
    gateway: { grpc: ['127.0.0.1:50051'] },
    listeners: [
      {
        name: 'postgres',
        transport: 'hop',
        listen: '127.0.0.1:6432',
        upstream: '127.0.0.1:5432',
        hop: { gateway: ['127.0.0.1:50061'], back: '127.0.0.1:50071' },
      },
    ],
  },
};
