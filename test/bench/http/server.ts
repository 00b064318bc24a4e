/** The server behind, in a process of its own: `/small` of 1 KB, `/big?mb=N` of rows, `/events?n=N` one every 5 ms. Tells its parent its port. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

const row = (id: number): string =>
  `{"id":${id},"name":"customer ${id}","email":"jane.doe${id}@example.com","card":"4111 1111 1111 1111","city":"Springfield","balance":${id * 7}.25,"notes":"the quick brown fox jumps over the lazy dog, and once more"}`;
const small = Buffer.from(`{"rows":[${Array.from({ length: 5 }, (_, id) => row(id)).join()}]}`);
const block = Buffer.from(Array.from({ length: 300 }, (_, id) => row(id)).join());

const server = createServer((request, response) => {
  const url = new URL(request.url!, 'http://localhost');
  request.resume();
  if (url.pathname === '/big') return void big(response, Number(url.searchParams.get('mb')) * 1e6);
  if (url.pathname === '/events') return events(response, Number(url.searchParams.get('n')));
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': small.length });
  response.end(small);
});

async function big(response: import('node:http').ServerResponse, bytes: number): Promise<void> {
  response.writeHead(200, { 'content-type': 'application/json' });
  response.write('[');
  let wake = (): void => undefined;
  response.on('drain', () => wake()).on('close', () => wake());
  for (let sent = 0; sent < bytes && !response.destroyed; sent += block.length) {
    if (sent > 0) response.write(',');
    if (!response.write(block) && !response.destroyed)
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
  }
  response.end(']');
}

function events(response: import('node:http').ServerResponse, count: number): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  let n = 0;
  const timer = setInterval(() => {
    if (n++ === count || response.destroyed) {
      clearInterval(timer);
      response.end();
    } else response.write(`data: {"at":${process.hrtime.bigint()},"mail":"jane.doe@example.com"}\n\n`);
  }, 5);
}

server.keepAliveTimeout = 600_000;
server.listen(0, '127.0.0.1', () => process.send!((server.address() as AddressInfo).port));
process.once('disconnect', () => process.exit(0));
process.once('SIGTERM', () => process.exit(0));
process.on('SIGINT', () => undefined);
