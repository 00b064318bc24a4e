import { createDetector } from '../../../filters/mask/index.js';
import { ALNUM, DIGITS, HEX } from '../../property/mask/corpus.js';
import { Random } from '../../support/random.js';

const SEED = 90_317;
const ROWS = 3000;

/** Rows as services write them, with nothing of a person in them: identifiers of all lengths, times, floats, hashes, UUIDs, pictures. */
function row(r: Random, id: number): unknown {
  const hex = (n: number): string => r.chars(HEX, n);
  const digits = (n: number): number => Number(r.chars('123456789', 1) + r.chars(DIGITS, n - 1));
  const real = (scale: number): number => (r.int(2 ** 30) / 2 ** 30 - 0.5) * scale;
  return {
    id,
    order_id: digits(10),
    order_number: `ORD-${r.chars(DIGITS, 10)}`,
    uuid: `${hex(8)}-${hex(4)}-4${hex(3)}-a${hex(3)}-${hex(12)}`,
    created_at: 1_700_000_000_000 + r.int(2 ** 30),
    ts: 1_700_000_000 + r.int(1e7) + real(1),
    updated: `2024-0${1 + r.int(9)}-1${r.int(10)}T0${r.int(10)}:1${r.int(10)}:2${r.int(10)}.${r.chars(DIGITS, 6)}Z`,
    amount: r.int(1e6) / 100,
    lat_ratio: real(1),
    x: real(4000),
    sha256: hex(64),
    etag: `"${hex(32)}"`,
    commit: hex(40),
    snowflake: String(digits(18)),
    sku: `${r.chars('ABCDEFGHJK', 4)}-${r.chars(DIGITS, 4)}`,
    parcel: `1Z${r.chars('ABCDEFGH0123456789', 16)}`,
    ean: r.chars(DIGITS, 13),
    version: `${r.int(30)}.${r.int(30)}.${r.int(30)}`,
    image: `data:image/png;base64,iVBORw0KGgo${r.chars(`${ALNUM}+/`, 120)}==`,
    trace_id: hex(32),
    ulid: r.chars('0123456789ABCDEFGHJKMNPQRSTVWXYZ', 26),
    account: digits(12),
    customer_id: digits(13),
    batch: digits(14),
    next_token: r.chars(ALNUM, 40),
    url: `https://cdn.example.net/a/${hex(8)}/${r.chars(ALNUM, 10)}.js?v=${hex(10)}`,
    cursor: Buffer.from(JSON.stringify({ o: id, k: hex(6) })).toString('base64'),
    bbox: [real(360), real(180), real(360), real(180)],
  };
}

/** False alarms in machine-made JSON, by kind, and how many bytes it has. */
export function machineMade(): { bytes: number; found: Map<string, number> } {
  const r = new Random(SEED);
  const detector = createDetector({ detect: ['all'] });
  const found = new Map<string, number>();
  let bytes = 0;
  for (let id = 0; id < ROWS; id++) {
    const line = Buffer.from(`${JSON.stringify(row(r, id))}\n`);
    bytes += line.length;
    for (const { kind } of detector.find(line, 0, line.length)) found.set(kind, (found.get(kind) ?? 0) + 1);
  }
  return { bytes, found };
}
