import { request as httpRequest, type IncomingMessage } from 'node:http';
import type { Forwarded } from '../../filters/http/begun-stream.js';
import type { Header } from '../../filters/http/effects.js';

/** Envoy's way back to a server, and the Host that it asks for; undefined: the client's own. */
export interface WayBack {
  place: { host: string; port: number } | { path: string };
  authority: string | undefined;
}

export interface ForwardEvents {
  headers(headers: readonly Header[]): void;
  body(bytes: Buffer, end: boolean): void;
  /** the server can't be reached, or broke off */
  failed(): void;
}

export interface Forwarding {
  /** more than the client takes has come */
  pause(): void;
  resume(): void;
  abort(): void;
}

const EMPTY = Buffer.alloc(0);
const OF_THE_CONNECTION = new Set(['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'trailer', 'upgrade']);

/** Sends a request to the server by way of Envoy, which does TLS and counts it; one connection for each. */
export function forward({ place, authority }: WayBack, sent: Forwarded, on: ForwardEvents): Forwarding {
  const { method, host, target, headers, body } = sent;
  let over = false;
  let incoming: IncomingMessage | undefined;
  const fail = (): void => {
    if (over) return;
    over = true;
    on.failed();
  };
  const outgoing = httpRequest({
    ...('path' in place ? { socketPath: place.path } : place),
    method,
    path: target,
    headers: [['host', authority ?? host], ...headers, ['content-length', String(body.length)]].flat(),
    agent: false,
  });
  outgoing.on('error', fail);
  outgoing.on('response', (response) => {
    incoming = response;
    const pairs: Header[] = [[':status', String(response.statusCode)]];
    for (let i = 0; i < response.rawHeaders.length; i += 2) {
      const name = response.rawHeaders[i]!.toLowerCase();
      if (!OF_THE_CONNECTION.has(name)) pairs.push([name, response.rawHeaders[i + 1]!]);
    }
    on.headers(pairs);
    response.on('data', (chunk: Buffer) => on.body(chunk, false));
    response.on('end', () => {
      over = true;
      on.body(EMPTY, true);
    });
    response.on('error', fail);
    response.on('close', fail);
  });
  outgoing.end(body);
  return {
    pause: () => incoming?.pause(),
    resume: () => incoming?.resume(),
    abort: () => {
      over = true;
      outgoing.destroy();
    },
  };
}
