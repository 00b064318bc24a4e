import assert from 'node:assert/strict';
import type { CodecOptions, StreamCodec } from '../../../filters/mask/codecs/codec.js';
import { CsvMasker } from '../../../filters/mask/codecs/csv.js';
import { FormMasker } from '../../../filters/mask/codecs/form.js';
import { HtmlMasker } from '../../../filters/mask/codecs/html.js';
import { SseMasker } from '../../../filters/mask/codecs/sse.js';
import { XmlMasker } from '../../../filters/mask/codecs/xml.js';
import { createPolicyDetector } from '../../../filters/mask/custom/detector.js';
import { createDetector } from '../../../filters/mask/detector.js';
import { JoinedRules, joinDetectors } from '../../../filters/mask/joined.js';
import { kinds } from '../../../filters/mask/kinds.js';
import { createMasker } from '../../../filters/mask/masker.js';
import type { Detector, Masker } from '../../../filters/mask/types.js';
import { count, TEST_MS_MAX } from '../../support/long.js';
import { forSeeds, type Random } from '../../support/random.js';
import { composed, VALUES } from './corpus.js';

const ROUNDS = 200;

/** The same detector without any quick look: every field is searched. */
function searching(detector: Detector): Detector {
  return new Proxy(detector, {
    get(target, name) {
      if (name === 'mayHold') return () => true;
      if (name === 'anchors') return undefined;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

const detection = {
  kinds: [
    { kind: 'project', words: ['falcon', 'blue heron'], pattern: undefined, ignore_case: true, context: [], score: 0.9 },
    { kind: 'badge', words: [], pattern: '[A-Z]{2}\\d{4}', ignore_case: false, context: ['badge'], score: 0.9 },
  ],
  allow: [],
  score_min: new Map(),
};
const detectors: { name: string; quick: Detector; slow: Detector }[] = [
  ...[['all'], ['pii'], ['secrets'], ...kinds.map((k) => [k.kind])].flatMap((detect) =>
    [[], ['US', 'DE']].map((regions) => ({ name: `${detect} ${regions}`, quick: createDetector({ detect, regions }) })),
  ),
  { name: "a policy's own", quick: createPolicyDetector({ detect: ['all', 'custom'], detection }) },
].map((one) => ({ ...one, slow: searching(one.quick) }));
const maskers: Masker[] = [
  createMasker('redact'),
  createMasker('partial'),
  createMasker('hash', { key: Buffer.alloc(32, 7) }),
  createMasker('null'),
];

/** several rules that read together */
const pii = createDetector({ detect: ['pii'] });
const secrets = createDetector({ detect: ['secrets'] });
const joined = joinDetectors([pii, secrets].map((detector) => ({ detector, masker: maskers[0]! })))!;

const NAMES = [
  'id',
  'name',
  'note',
  'phone',
  'password',
  'dob',
  'ssn',
  'card',
  'email',
  'x:token',
  'createdAt',
  'price',
  'birth_date',
  'key',
];
const CLEAN = [
  '',
  '12',
  'open',
  '2024-05-01T10:20:30Z',
  '19.90',
  'three words here',
  '-',
  'd3b07384-d9a1-4c3b-8e1f-0a1b2c3d4e5f',
  '0041',
  'A12',
];
/** of values whose evidence is where they stand in a field */
const EDGES = [
  '-u bob:hunter22',
  '--token s3cr3tvalue9',
  '= hunter2222',
  'password=hunter2222',
  ' 4111111111111111 ',
  '555-0142',
  '(415) 555-2671',
  'Badge AB1234',
  'falcon',
  "'password','hunter2222'",
];

function cell(r: Random): string {
  const kind = r.int(8);
  if (kind < 3) return r.pick(CLEAN);
  if (kind === 3) return r.pick(EDGES);
  if (kind === 4) return r.pick(VALUES);
  return composed(r).toString('latin1');
}

function csv(r: Random): string {
  const delimiter = r.pick([',', ';', '\t', '|']);
  const columns = 1 + r.int(6);
  const written = (text: string): string => {
    if (r.int(12) === 0) return text;
    const needs = text.includes(delimiter) || /["\r\n]/.test(text);
    return needs || r.int(4) === 0 ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const rows = Array.from({ length: 1 + r.int(8) }, () => Array.from({ length: columns }, () => written(cell(r))).join(delimiter));
  const head = r.int(3) === 0 ? [] : [Array.from({ length: columns }, () => r.pick(NAMES)).join(delimiter)];
  return [...head, ...rows].join(r.pick(['\n', '\r\n']));
}

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

function text(r: Random): string {
  const one = cell(r);
  return r.int(5) === 0 ? one : one.replace(/[&<>]/g, (b) => ENTITIES[b]!);
}

function markup(r: Random, depth = 0): string {
  const kind = r.int(depth > 3 ? 4 : 9);
  if (kind < 2) return text(r);
  if (kind === 2) return `<!-- ${cell(r)} -->`;
  if (kind === 3) return r.pick([`<![CDATA[${cell(r)}]]>`, '<br/>', '\n', `<?pi ${cell(r)}?>`, '<!DOCTYPE x>']);
  const tag = r.pick([...NAMES, 'td', 'b', 'p', 'script', 'entry']);
  const attributes = Array.from({ length: r.int(3) }, () => {
    const quote = r.pick(['"', '"', "'"]);
    return ` ${r.pick([...NAMES, 'value', 'title'])}=${quote}${text(r).replaceAll(quote, '&#34;')}${quote}`;
  }).join('');
  const inside = Array.from({ length: 1 + r.int(4) }, () => markup(r, depth + 1)).join(r.pick(['', '', ' ', '\n  ']));
  return `<${tag}${attributes}>${inside}</${tag}>`;
}

function sse(r: Random): string {
  const line = (): string => {
    const one = cell(r).replace(/[\r\n]/g, ' ');
    const kind = r.int(6);
    if (kind === 0) return `event: ${one}`;
    if (kind === 1) return `id:${one}`;
    if (kind === 2) return r.pick([`: ${one}`, one, 'data', 'retry: 3000', '']);
    if (kind === 3) return `data: ${JSON.stringify({ [r.pick(NAMES)]: one, n: r.int(1e9) })}`;
    return `data: ${one}`;
  };
  return Array.from({ length: 1 + r.int(12) }, () => line() + r.pick(['\n', '\n', '\n\n', '\r\n', '\r'])).join('');
}

function form(r: Random): string {
  return Array.from({ length: 1 + r.int(6) }, () => `${r.pick(NAMES)}=${r.int(4) === 0 ? cell(r) : encodeURIComponent(cell(r))}`).join('&');
}

const forms: { name: string; make: (options: CodecOptions) => StreamCodec; write: (r: Random) => string }[] = [
  { name: 'CSV', make: (options) => new CsvMasker(options), write: csv },
  { name: 'XML', make: (options) => new XmlMasker(options), write: (r) => `<r>${Array.from({ length: 3 }, () => markup(r)).join('')}</r>` },
  { name: 'HTML', make: (options) => new HtmlMasker(options), write: (r) => Array.from({ length: 3 }, () => markup(r)).join('') },
  { name: 'SSE', make: (options) => new SseMasker(options), write: sse },
  { name: 'form', make: (options) => new FormMasker(options), write: form },
];

function masked(
  make: (options: CodecOptions) => StreamCodec,
  options: Omit<CodecOptions, 'write'>,
  pieces: readonly Buffer[],
  often = 0,
): string {
  const out: Buffer[] = [];
  const codec = make({ ...options, write: (bytes) => void out.push(Buffer.from(bytes)) });
  pieces.forEach((piece, n) => {
    // the caller may use its memory again
    const lent = Buffer.from(piece);
    codec.push(lent);
    lent.fill(0x2a);
    if (often > 0 && n % often === 0) codec.flush();
  });
  codec.end();
  return `${codec.hits} ${Buffer.concat(out).toString('latin1')}`;
}

function cut(r: Random, body: Buffer): Buffer[] {
  const most = r.pick([1, 9, 60, 400, 5000]);
  const pieces: Buffer[] = [];
  for (let at = 0; at < body.length; ) {
    const to = Math.min(body.length, at + 1 + r.int(most));
    pieces.push(body.subarray(at, to));
    at = to;
  }
  return pieces;
}

describe('codecs of fields, properties', function () {
  // slow machines get the time they need: nothing here asserts a time
  this.timeout(TEST_MS_MAX);

  for (const { name, make, write } of forms) {
    it(`${name}: a quick look at a whole chunk changes nothing of what a search of every field gives`, () => {
      forSeeds(count(ROUNDS), (r) => {
        const body = Buffer.from(Array.from({ length: 1 + r.int(4) }, () => write(r)).join(name === 'form' ? '&' : '\n'), 'latin1');
        const one = r.int(3) === 0 ? detectors[r.int(6)]! : r.pick(detectors);
        const masker = r.pick(maskers);
        const pieces = r.int(3) === 0 ? [body] : cut(r, body);
        const often = r.int(3);
        const together = (detector: Detector): Omit<CodecOptions, 'write'> => {
          const rules = [secrets, pii].map((detector, n) => ({ detector, masker: maskers[n]! }));
          return { detector, masker, rules: new JoinedRules(detector, rules) };
        };
        const [quick, slow] =
          r.int(5) === 0
            ? [together(joined), together(searching(joined))]
            : [
                { detector: one.quick, masker },
                { detector: one.slow, masker },
              ];
        const got = masked(make, quick, pieces, often);
        const expected = masked(make, slow, pieces, often);
        assert.equal(got, expected, `${one.name} ${masker.as}, ${pieces.length} pieces of ${JSON.stringify(body.toString('latin1'))}`);
      });
    });
  }
});
