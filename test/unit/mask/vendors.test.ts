import assert from 'node:assert/strict';
import { VENDOR_KINDS, VENDOR_TOKENS } from '../../../filters/mask/detectors/token-table.js';
import { createDetector, kinds } from '../../../filters/mask/index.js';

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
