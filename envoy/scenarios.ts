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
