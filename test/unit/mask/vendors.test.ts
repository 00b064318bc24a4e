import assert from 'node:assert/strict';
import { VENDOR_KINDS, VENDOR_TOKENS, type VendorToken } from '../../../filters/mask/detectors/token-table.js';
import { createDetector, kinds } from '../../../filters/mask/index.js';

const UUID_LENGTH = 36;

describe('vendor tokens', () => {
  const find = (kind: string, text: string) => {
    const bytes = Buffer.from(text);
    return createDetector({ detect: [kind] }).find(bytes, 0, bytes.length);
  };

  it('at least 200 kinds of secrets are known', () => {
    assert.ok(kinds.filter((k) => k.group === 'secrets').length >= 200);
  });

  it('each kind is in the table once and says where its form is documented', () => {
    assert.equal(new Set(VENDOR_KINDS.map((k) => k.kind)).size, VENDOR_KINDS.length);
    for (const { kind, source, forms } of VENDOR_KINDS) {
      assert.ok(URL.canParse(source), kind);
      assert.ok(forms.length > 0, kind);
    }
  });

  for (const { kind, prefix, example, before } of VENDOR_TOKENS) {
    it(`${kind} ${prefix}: whole inside text, by the gate too, not inside a word, not cut short`, () => {
      const alone = createDetector({ detect: [kind] });
      for (const text of [`${example}`, `see "${example}", then`, `{"k":"${example}"}`, `a=1\nb=${example}\nc=2`]) {
        const bytes = Buffer.from(text);
        const at = text.indexOf(example);
        assert.deepEqual(
          alone.find(bytes, 0, bytes.length).map((h) => [h.start, h.end]),
          [[at, at + example.length]],
          text,
        );
        assert.ok(alone.mayHold(bytes, 0, bytes.length), text);
      }
      if (/^[A-Za-z0-9]/.test(example)) assert.ok(!find(kind, `x${example}`).some((h) => h.start === 1));
      if (before === undefined) assert.deepEqual([...find(kind, example.slice(0, prefix.length + 3))], []);
    });
  }

  /** Where a form of the kind is no prefix of another, what is cut or broken is no token of the kind. */
  const isAlone = (own: VendorToken): boolean =>
    !VENDOR_TOKENS.some(
      (other) => other !== own && other.kind === own.kind && (other.prefix.startsWith(own.prefix) || own.prefix.startsWith(other.prefix)),
    );

  for (const token of VENDOR_TOKENS) {
    const { kind, prefix, example, body, min, max, before, rest } = token;
    it(`${kind} ${prefix}: in a URL; not in another alphabet, shorter, longer, nor where something stands in place of it`, () => {
      // a colon or a sign within the token is its own, and what stands before it in a path may be part of it
      const url = `https://api.example.com/v1/items?cred=${example}&page=2`;
      const at = url.indexOf(example);
      if (!/[&=?#]/.test(example))
        assert.ok(
          find(kind, url).some((h) => h.start <= at && h.end >= at + example.length),
          url,
        );
      const head = example.slice(0, (before?.min ?? 0) + prefix.length);
      const beginning = before === undefined ? head : prefix;
      const length = body === 'uuid' ? UUID_LENGTH : min;
      const middle = head.length + Math.floor(length / 2);
      const clean = [
        // a sign that belongs to no alphabet cuts the body in two halves, each too short
        `${example.slice(0, middle)}!${example.slice(middle + 1)}`,
        `${beginning}${'x'.repeat(min)}`,
        `${beginning}${'0'.repeat(min)}`,
        `${beginning}YOUR_KEY`,
        `${beginning}<token>`,
        `${beginning}\${VAR}`,
        `${beginning}...`,
        `https://docs.example.com/keys/${prefix}/format`,
      ];
      // a part is missing
      if (rest !== undefined) clean.push(example.slice(0, head.length + length), `${example.slice(0, -8)}!${example.slice(-7)}`);
      if (before !== undefined && isAlone(token)) clean.push(example.slice(before.min));
      // one more letter than the longest
      if (isAlone(token) && max === min && body !== 'uuid' && rest === undefined && /[0-9A-Za-z]$/.test(example)) clean.push(`${example}k`);
      if (isAlone(token) && before === undefined && rest === undefined && min > 8) clean.push(example.slice(0, prefix.length + min - 1));
      for (const text of clean) assert.deepEqual(find(kind, `x = ${text} ;`), [], text);
    });
  }

  describe('checksums', () => {
    const score = (kind: string, text: string): number => find(kind, text)[0]?.score ?? 0;

    // the token that npm's own announcement of the format shows, and one of Grafana's documentation, cut here so that no scanner takes them for real
    const npm = ['npm_', 'qkJaB6MffYVzZXWqmcoF49yrUxP3wf', '0LsakP'].join('');
    const grafana = ['glsa_', 'yscW25imSKJIuav8zF37RZmnbiDvB05G', '_fcaaf58a'].join('');

    it('that hold make the kind sure', () => {
      assert.equal(score('npm_token', npm), 1);
      assert.equal(score('grafana_token', grafana), 1);
    });

    it('that do not hold leave it likely', () => {
      assert.equal(score('npm_token', npm.replace('0Lsa', '0Lsb')), 0.6);
      assert.equal(score('grafana_token', grafana.replace('fcaa', 'fcab')), 0.6);
      assert.equal(score('gitlab_token', ['glpat-', 'ghzfbcuvff25bubakwfat09et6n', '.9ltk9lxun'].join('')), 0.6);
    });
  });
});
