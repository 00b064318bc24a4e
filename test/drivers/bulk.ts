import { createHash } from 'node:crypto';
import net from 'node:net';
import * as m from './byte-exact/messages.js';
import { DATABASE, seedDatabase } from './byte-exact/seed.js';
import { hello } from './byte-exact/streams.js';
import { type Address, type Counts, countCases, type SuiteContext } from './context.js';

const ROWS = 1_000_000;
/** About 1,000 bytes a row: 1 GB. */
const rows = `select i, md5(i::text) as m, repeat(chr(65 + i % 26), 950) as filler from generate_series(1, ${ROWS}) i`;
const WAIT_MS_MAX = 900_000;

const ways: { name: string; send: Buffer }[] = [
  { name: '1 GB of rows', send: m.query(rows) },
  { name: '1 GB of rows, extended and binary', send: Buffer.concat([m.parse(rows), m.bind([], { results: [1] }), m.execute(), m.sync]) },
  { name: '1 GB by COPY', send: m.query(`copy (${rows}) to stdout`) },
];

/** A gigabyte through the gateway: as many bytes as directly, and the same checksum. */
export async function bulk({ direct, through }: SuiteContext): Promise<Counts> {
  await seedDatabase(direct);
  return countCases(
    ways.map(({ name, send }) => ({
      name,
      run: async () => {
        const [expected, actual] = [await checksum(direct, send), await checksum(through, send)];
        if (expected.bytes < 900e6) throw new Error(`only ${expected.bytes} bytes came directly`);
        if (expected.bytes !== actual.bytes || expected.sha256 !== actual.sha256)
          throw new Error(`directly ${JSON.stringify(expected)}, through the gateway ${JSON.stringify(actual)}`);
      },
    })),
    WAIT_MS_MAX,
  );
}

/** Bytes and SHA-256 of the answer to these messages, without the start-up's. Rejects when the connection ends with an error. */
function checksum({ host, port }: Address, send: Buffer): Promise<{ bytes: number; sha256: string }> {
  return new Promise((resolve, reject) => {
    const hash = createHash('sha256');
    let bytes = 0;
    let greeting: Buffer | undefined = Buffer.alloc(0);
    const take = (chunk: Buffer) => {
      hash.update(chunk);
      bytes += chunk.length;
    };
    const socket = net.connect({ host, port }, () => socket.write(hello));
    socket.on('error', reject);
    socket.on('data', (chunk) => {
      if (greeting === undefined) return take(chunk);
      greeting = Buffer.concat([greeting, chunk]);
      // The start-up ends with ReadyForQuery, idle; nothing was asked yet, so nothing follows it.
      if (!greeting.subarray(-6).equals(Buffer.from('Z\0\0\0\x05I', 'latin1'))) return;
      greeting = undefined;
      socket.write(Buffer.concat([send, m.terminate]));
    });
    socket.on('close', () =>
      bytes > 0 ? resolve({ bytes, sha256: hash.digest('hex') }) : reject(new Error(`nothing came from ${host}:${port}/${DATABASE}`)),
    );
  });
}
