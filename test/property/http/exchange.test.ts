import assert from 'node:assert/strict';
import { kinds } from '../../../filters/mask/index.js';
import { count, TEST_MS_MAX } from '../../support/long.js';
import { forSeeds, type Random } from '../../support/random.js';
import { bodyOf, Driver } from '../../unit/http/support.js';

const policy = `
version: 1
masks:
  - { name: pii, detect: [pii], as: partial }
  - { name: keys, detect: [secrets], as: redact }
`;
const examples = kinds.flatMap((kind) => kind.examples);
const types = ['application/json', 'text/event-stream', 'text/plain', 'text/csv', 'text/html', 'application/x-ndjson', 'image/png', ''];

function text(random: Random): string {
  const word = () =>
    random.chance(0.3)
      ? random.pick(examples)
      : random.pick(['red', 'green tree', '{', '"', ',', '\n', 'data: ', 'ß', '\\u0034', ': ', '=', '<b>']);
  return Array.from({ length: random.int(30) }, word).join(random.pick([' ', '', '\n']));
}

function json(random: Random, depth = 0): unknown {
  const kind = random.int(depth > 3 ? 4 : 6);
  if (kind === 0) return random.int(1e9);
  if (kind === 1) return random.chance(0.5);
  if (kind < 4) return random.chance(0.4) ? random.pick(examples) : random.pick(['red', 'ß😀', 'a "quoted" word', 'back\\slash', '']);
  if (kind === 4) return Array.from({ length: random.int(4) }, () => json(random, depth + 1));
  return Object.fromEntries(
    Array.from({ length: random.int(4) }, () => [random.pick(['a', 'note', 'email', 'phone', 'card', 'id']), json(random, depth + 1)]),
  );
}

/** The body as it leaves, for one way of cutting it. */
function masked(type: string, chunks: Buffer[], trailers = false): Buffer {
  const d = new Driver(policy);
  d.request('GET /x');
  d.step({
    type: 'response_headers',
    headers: [
      [':status', '200'],
      ['content-type', type],
    ],
    end: false,
  });
  chunks.forEach((body, i) => {
    d.step({ type: 'response_body', body, end: !trailers && i === chunks.length - 1 });
  });
  if (trailers) d.step({ type: 'response_trailers', headers: [] });
  const bodies = d.answers.filter((answer) => answer.part === 'response_body');
  assert.equal(bodies.filter((answer) => answer.part === 'response_body' && answer.end).length, trailers ? 0 : 1);
  assert.equal(d.exchange.phase, 'closed');
  return bodyOf(d.answers);
}

function cut(random: Random, whole: Buffer): Buffer[] {
  const chunks: Buffer[] = [];
  for (let at = 0; at < whole.length; ) {
    const next = Math.min(whole.length, at + 1 + random.int(random.pick([1, 5, 200])));
    chunks.push(whole.subarray(at, next));
    at = next;
  }
  return chunks.length === 0 ? [whole] : chunks;
}

describe('HTTP exchanges, at random', function () {
  this.timeout(TEST_MS_MAX);

  it('give the same bytes however an answer is cut, with trailers and without', () => {
    forSeeds(count(400), (random) => {
      const whole = Buffer.from(text(random));
      const type = random.pick(types);
      const expected = masked(type, [whole]);
      assert.equal(masked(type, cut(random, whole), random.chance(0.3)).toString('latin1'), expected.toString('latin1'), type);
    });
  });

  it('leave JSON what it is: a strict parser reads the same but for what was masked', () => {
    forSeeds(count(400), (random) => {
      const value = json(random);
      const read = JSON.parse(
        masked('application/json', cut(random, Buffer.from(JSON.stringify(value, null, random.pick([0, 2]))))).toString(),
      ) as unknown;
      const same = (before: unknown, after: unknown): void => {
        if (typeof before === 'string' || typeof before === 'number') {
          if (typeof before === 'string' && !examples.includes(before)) assert.equal(after, before);
          assert.equal(typeof after, typeof before);
        } else if (Array.isArray(before)) {
          assert.ok(Array.isArray(after) && after.length === before.length);
          before.forEach((one, i) => {
            same(one, after[i]);
          });
        } else if (before !== null && typeof before === 'object') {
          assert.deepEqual(Object.keys(after as object), Object.keys(before));
          for (const key of Object.keys(before)) same((before as Record<string, unknown>)[key], (after as Record<string, unknown>)[key]);
        } else assert.equal(after, before);
      };
      same(value, read);
    });
  });

  it('take any order of parts and end once: nothing throws, one close is recorded, and nothing leaves after a refusal', () => {
    forSeeds(count(1500), (random) => {
      const d = new Driver(
        `${policy}rules:\n  - { name: r, on: http, when: 'http.path.startsWith("/a")', then: ${random.pick(['deny', 'approve', 'allow'])} }\n`,
      );
      const headers: [string, string][] = [
        [':method', 'POST'],
        [':path', random.pick(['/a', '/b', '/%zz'])],
        [':authority', 'h'],
      ];
      for (let n = 0; n < 12; n++) {
        const body = Buffer.from(text(random));
        d.step(
          random.pick([
            { type: 'request_headers', headers, end: random.chance(0.5) },
            { type: 'request_body', body, end: random.chance(0.3) },
            { type: 'request_trailers', headers: [] },
            {
              type: 'response_headers',
              headers: [
                [':status', '200'],
                ['content-type', random.pick(types)],
              ],
              end: random.chance(0.2),
            },
            { type: 'response_body', body, end: random.chance(0.3) },
            { type: 'response_trailers', headers: [] },
            { type: 'flush' },
            {
              type: 'approval',
              hold: 'hold1',
              outcome: random.pick(['approved', 'denied', 'expired', 'cancelled', 'unavailable'] as const),
              reason: '',
              decisions: [],
              lease: '',
            },
            { type: 'stop', reason: 'stopping' },
            { type: 'gone', reason: 'gone' },
          ] as const),
        );
      }
      d.step({ type: 'gone', reason: 'gone' });
      assert.ok(d.events('session.close').length <= 1);
      assert.equal(d.events('session.close').length, d.events('session.open').length);
      const refused = d.answers.findIndex(({ part }) => part === 'immediate');
      if (refused >= 0) assert.equal(refused, d.answers.length - 1);
    });
  });
});
