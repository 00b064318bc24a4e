import { createServer, type Server, type Socket } from 'node:net';
import { MidstreamError } from '../../filters/errors.js';
import type { Refusal } from '../../filters/http/problem.js';
import { fieldOf, HeadReader, type RequestHead, readRequestHead } from '../../filters/http/upgrade/head.js';
import { type HopRequest, hopRequest } from '../convert/peer-headers.js';
import type { HttpPeer } from '../identity/http-login.js';
import type { HttpConnection, HttpTransport } from './http-connection.js';
import { HopStream, refusalBytes } from './http-hop-stream.js';

export interface HttpHopHost {
  /** the listener that this hop is for: Envoy must name it */
  listener: string;
  /** where Envoy's own way back to the server listens */
  upstream: { host: string; port: number } | { path: string };
  /** throws when the request may not be served */
  open(request: HopRequest & { known?: HttpPeer }, transport: (session: string) => HttpTransport): HttpConnection;
  /** finds out who asks, before the request is opened; undefined where nothing has to be found out */
  identify(request: HopRequest): Promise<HttpPeer> | undefined;
  /** bytes that went to one side */
  sent(side: 'upstream' | 'downstream', bytes: number): void;
  /** events wait for the disk: nothing more is read until they are written */
  recordingBusy(): boolean;
  /** bytes of a side that wait behind a held operation, above which it is not read */
  held_bytes_max(): number;
  log: { warn(fields: object, message: string): void };
  /** milliseconds in which the head of the request must have come */
  header_ms_max: number;
}

/** The hop of upgraded streams: Envoy sends their requests here in HTTP/1.1, one a connection, and takes them back behind. */
export function createHttpHop(host: HttpHopHost): Server {
  return createServer({ noDelay: true, allowHalfOpen: true }, (client) => {
    const reader = new HeadReader();
    const refuse = (why: string, status: number) => {
      clearTimeout(late);
      client.off('data', onData);
      host.log.warn({ why }, 'a request to the hop was refused');
      client.end(refusalBytes(badRequest(status, why), ''));
      closeSoon(client);
    };
    const late = setTimeout(() => refuse('no request came in time', 408), host.header_ms_max);
    const gone = () => {
      clearTimeout(late);
      client.destroy();
    };
    const onData = (bytes: Buffer) => {
      let read: { request: HopRequest; head: RequestHead; rest: Buffer } | undefined;
      try {
        const found = reader.push(bytes);
        if (found === undefined) return;
        read = { ...readRequest(host, found.head), rest: found.rest };
      } catch (error) {
        return refuse(
          error instanceof Error ? error.message : 'no request',
          error instanceof MidstreamError && error.code === 'limit_exceeded' ? 431 : 400,
        );
      }
      clearTimeout(late);
      client.off('data', onData);
      client.off('end', gone);
      client.off('error', gone);
      const { head, request, rest } = read;
      const begin = (known: HttpPeer | undefined): void =>
        new HopStream(host, client, head, known === undefined ? request : { ...request, known }).begin(rest);
      const identified = host.identify(request);
      if (identified === undefined) return begin(undefined);
      client.pause();
      client.on('error', gone);
      identified.then((known) => {
        client.off('error', gone);
        if (client.destroyed) return;
        begin(known);
        client.resume();
      }, gone);
    };
    client.on('data', onData);
    client.on('end', gone);
    client.on('error', gone);
    client.on('close', () => clearTimeout(late));
  });
}

function readRequest(host: HttpHopHost, bytes: Buffer): { request: HopRequest; head: RequestHead } {
  const head = readRequestHead(bytes);
  const request = hopRequest(head.headers);
  if (request.listener !== host.listener) throw new Error('the request names another listener');
  if (head.headers.filter(([name]) => name === 'host').length !== 1) throw new Error('the request has not exactly one Host');
  // A body before an upgrade is a way to hide another request.
  if (fieldOf(head.headers, 'transfer-encoding') !== '' || !/^0*$/.test(fieldOf(head.headers, 'content-length')))
    throw new Error('a request for an upgrade has a body');
  return { request, head };
}

const badRequest = (status: number, detail: string): Refusal => ({
  status,
  kind: 'upgrade',
  title: 'No request of this gateway’s Envoy',
  detail,
  rule: '',
  hint: 'Requests come here by the Envoy that `midstream envoy render` configures.',
});

const CLOSE_MS_MAX = 1000;

/** A peer that does not close its own side gets no say in ours. */
export function closeSoon(socket: Socket): void {
  socket.resume();
  socket.once('finish', () => setTimeout(() => socket.destroy(), CLOSE_MS_MAX).unref());
}
