import type { Server } from 'node:http';
import { serve } from '@hono/node-server';
import { MidstreamError } from '../../filters/errors.js';
import { type ApiOptions, createApi } from './api.js';

export interface RunningApi {
  url: string;
  close(): Promise<void>;
}

const CONNECTIONS_MAX = 500;
const OVERDUE_EVERY_MS = 1000;
/** Slow senders are cut off; streams of events are answers, which these limits don't touch. */
const limits = { requestTimeout: 15_000, headersTimeout: 10_000, connectionsCheckingInterval: 5000, maxHeaderSize: 16 * 1024 };

/** Serves the API; loopback unless the operator says otherwise. While it runs, holds whose gateway is gone end when their time is over. Rejects with `unavailable`. */
export async function serveApi(options: ApiOptions & { host?: string; port: number }): Promise<RunningApi> {
  const host = options.host ?? '127.0.0.1';
  const name = host.includes(':') ? `[${host}]` : host;
  const wildcard = host === '0.0.0.0' || host === '::';
  const app = createApi({ ...options, hosts: [...(options.hosts ?? []), ...(wildcard ? [] : [name])] });
  const { server, port } = await new Promise<{ server: Server; port: number }>((resolve, reject) => {
    const server = serve({ fetch: app.fetch, hostname: host, port: options.port, serverOptions: limits }, (info) =>
      resolve({ server, port: info.port }),
    ) as Server;
    server.maxConnections = CONNECTIONS_MAX;
    server.on('error', (error: Error) =>
      reject(new MidstreamError('unavailable', `cannot serve the approvals API on ${name}:${options.port}: ${error.message}`)),
    );
  });
  const stop = endOverdue(options);
  return {
    url: `http://${name}:${port}`,
    close: () =>
      new Promise((done) => {
        stop();
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}

function endOverdue({ store, log, now = Date.now }: ApiOptions): () => void {
  let working = true;
  let running = false;
  const timer = setInterval(async () => {
    if (running) return;
    running = true;
    try {
      await store.expireOverdue(now());
      working = true;
    } catch {
      // Told once, not each second; every request tells its caller.
      if (working) log.error('overdue approvals can not be ended: the approvals store is away');
      working = false;
    } finally {
      running = false;
    }
  }, OVERDUE_EVERY_MS).unref();
  return () => clearInterval(timer);
}
