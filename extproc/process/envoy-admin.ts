import { request } from 'node:http';
import { MidstreamError } from '../../filters/errors.js';

/** Where Envoy's admin interface listens: a Unix socket, or a loopback port. */
export type AdminAddress = { path: string } | { host: string; port: number };

/** Largest answer of the admin interface that is read, in bytes; statistics of many listeners stay far below. */
const ANSWER_BYTES_MAX = 64 * 1024 * 1024;
const ANSWER_MS_MAX = 10_000;

/** One call of the admin interface. Rejects with `unavailable` when it can't be reached in time or answers too much. */
export function askAdmin(address: AdminAddress, method: 'GET' | 'POST', path: string): Promise<{ status: number; text: string }> {
  const where = 'path' in address ? { socketPath: address.path } : { host: address.host, port: address.port };
  return new Promise((resolve, reject) => {
    const fail = (why: string, cause?: unknown) => reject(new MidstreamError('unavailable', `Envoy's admin interface: ${why}`, { cause }));
    const call = request({ ...where, method, path, agent: false, headers: { host: 'localhost' } }, (response) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > ANSWER_BYTES_MAX) call.destroy(new Error('the answer is too large'));
        else chunks.push(chunk);
      });
      response.on('error', (cause) => fail(cause.message, cause));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') }));
    });
    call.setTimeout(ANSWER_MS_MAX, () => call.destroy(new Error('no answer in time')));
    call.on('error', (cause) => fail(cause.message, cause));
    call.end();
  });
}

/** Counters and gauges whose names match; histograms are left out. */
export async function readStats(address: AdminAddress, filter?: RegExp): Promise<Record<string, number>> {
  const query = filter === undefined ? '' : `&filter=${encodeURIComponent(filter.source)}`;
  const { status, text } = await askAdmin(address, 'GET', `/stats?format=json${query}`);
  if (status !== 200) throw new MidstreamError('unavailable', `Envoy's admin interface answered ${status} to /stats`);
  const answer = JSON.parse(text) as { stats?: { name?: string; value?: unknown }[] };
  const stats: Record<string, number> = {};
  for (const { name, value } of answer.stats ?? []) if (name !== undefined && typeof value === 'number') stats[name] = value;
  return stats;
}
