import assert from 'node:assert/strict';
import { runCase } from '../../../filters/policy/cases.js';
import { compilePolicy } from '../../../filters/policy/index.js';
import { count } from '../../support/long.js';
import { forSeeds, type Random } from '../../support/random.js';

const texts = ['root', 'bob', '7', '8', 'true', 'off', ''];
const fields = ['a', 'b', 'c'];

/** What a strict server makes of a text where a rule compares it so. */
const typed = (text: string, as: string): unknown => (as === 'number' ? Number(text) : as === 'bool' ? text === 'true' : text);

/** A condition of comparisons, each field compared with one type, and JSON in which the fields have these types. */
function sample(random: Random) {
  const kinds = new Map(fields.map((name) => [name, random.pick(['text', 'number', 'bool'])]));
  const values = new Map(
    fields.map((name) => {
      const kind = kinds.get(name)!;
      return [name, random.pick(kind === 'text' ? texts : kind === 'number' ? ['7', '8', '-1'] : ['true', 'false'])];
    }),
  );
  const literal = (kind: string): string =>
    kind === 'text'
      ? JSON.stringify(random.pick(texts))
      : kind === 'number'
        ? random.pick(['7', '8', '-1'])
        : random.pick(['true', 'false']);
  const atom = (): string => {
    const name = random.pick(fields);
    const kind = kinds.get(name)!;
    const place = random.pick([`http.body.${name}`, `http.body["${name}"]`, `(has(http.body.${name}) ? http.body.${name} : "")`]);
    const other = literal(kind);
    return random.pick([
      `${place} == ${other}`,
      `${other} == ${place}`,
      `${place} != ${other}`,
      `${place} in [${other}, ${literal(kind)}]`,
      `[${other}].exists(x, ${place} == x)`,
      ...(kind === 'number' ? [`${place} > ${other}`] : []),
      ...(kind === 'text' ? [`${place}.startsWith(${other})`, `lower(${place}).matches("^r")`] : [`${place} == ${other}`]),
    ]);
  };
  const condition = (depth: number): string =>
    depth === 0 || random.chance(0.3)
      ? atom()
      : random.pick([
          `(${condition(depth - 1)} && ${condition(depth - 1)})`,
          `(${condition(depth - 1)} || ${condition(depth - 1)})`,
          `!(${condition(depth - 1)})`,
        ]);
  return {
    when: condition(3),
    json: Object.fromEntries([...values].map(([name, text]) => [name, typed(text, kinds.get(name)!)])),
    form: [...values].map(([name, text]) => `${name}=${encodeURIComponent(text)}`).join('&'),
  };
}

const judge = (when: string, body: string, type: string) =>
  runCase(
    compilePolicy(`version: 1\nrules: [{ name: r, on: http, when: ${JSON.stringify(when)}, then: deny }]\n`, 'p'),
    { name: '', http: { method: 'POST', url: '/', headers: { 'content-type': type }, body }, expect: { verdict: 'allow' }, line: 1 },
    undefined,
  ).got.verdict;

describe('what is refused as JSON', () => {
  it('is refused as a form', () => {
    forSeeds(count(400), (random) => {
      const { when, json, form } = sample(random);
      if (judge(when, JSON.stringify(json), 'application/json') === 'deny')
        assert.equal(judge(when, form, 'application/x-www-form-urlencoded'), 'deny', `${when} for ${form}`);
    });
  });
});
