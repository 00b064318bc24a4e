import assert from 'node:assert/strict';
import { MidstreamError } from '../../../filters/errors.js';
import { compilePolicy, decodePolicy } from '../../../filters/policy/index.js';

const refusal = (text: string): string => {
  try {
    compilePolicy(text, 'p.yaml');
  } catch (error) {
    assert.ok(error instanceof MidstreamError && error.code === 'policy_invalid', String(error));
    return error.message;
  }
  return '';
};

describe('hostile YAML', function () {
  this.timeout(60_000);

  it('anchors and aliases may share terms', () => {
    const text =
      'version: 1\nrules:\n  - { name: a, on: postgres, when: "true", then: approve, approve: &terms { by: [dba] } }\n  - { name: b, on: postgres, when: "true", then: approve, approve: *terms }\n';
    assert.equal(refusal(text), '');
  });

  it('a bomb of aliases is refused before it goes off', () => {
    let text = 'a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n';
    for (let i = 1; i < 12; i++) text += `a${i}: &a${i} [${Array.from({ length: 10 }, () => `*a${i - 1}`).join(', ')}]\n`;
    assert.match(refusal(text), /more than 250000 values once aliases are followed/);
  });

  it('an alias inside of what it names is refused', () => assert.match(refusal('version: 1\nrules: &r [*r]\n'), /alias \*r/));
  it('an alias to nothing is refused', () => assert.notEqual(refusal('version: 1\nrules: *r\n'), ''));
  it('a merge key is a field like any other', () => assert.match(refusal('version: 1\n<<: { rules: [] }\n'), /no field "<<"/));
  it('values nested very deep are refused', () => {
    assert.match(refusal(`version: 1\nrules: ${'['.repeat(100)}${']'.repeat(100)}\n`), /nested/);
    assert.notEqual(refusal(`version: 1\nrules: ${'['.repeat(100_000)}`), '');
    assert.notEqual(refusal(`rules: ${'{a: '.repeat(20_000)}`), '');
    assert.notEqual(refusal(`rules:\n  ${'- '.repeat(400_000)}x\n`), '');
    assert.notEqual(refusal(`rules:\n  ${'? '.repeat(400_000)}x\n`), '');
    assert.notEqual(refusal(Array.from({ length: 1300 }, (_, i) => `${' '.repeat(i)}a:\n`).join('')), '');
  });
  it('a file that is too large is refused unread', () =>
    assert.match(refusal(`version: 1\n# ${'x'.repeat(4 * 1024 * 1024)}`), /larger than 4194304 bytes/));
  it('tags are refused', () => {
    for (const tag of ['!!binary aGk=', '!!set {a, b}', '!custom x', '!!js/function "x"', '!<tag:example.org,2024:x> y'])
      assert.notEqual(refusal(`version: 1\ndescription: ${tag}\n`), '', tag);
  });
  it('keys that reach for prototypes are unknown fields', () => {
    for (const key of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
      assert.match(refusal(`version: 1\n${key}: { rules: [] }\n`), new RegExp(`no field "${key}"`));
      assert.match(
        refusal(`version: 1\nrules:\n  - { name: a, on: postgres, when: "true", then: deny, ${key}: x }\n`),
        new RegExp(`no field "${key}"`),
      );
    }
    assert.equal((Object.prototype as unknown as { rules?: unknown }).rules, undefined);
  });
  it('keys that are no words are refused', () => {
    for (const key of ['? [a, b]\n: x', '1: x', 'null: x', '? {a: b}\n: x']) assert.notEqual(refusal(`version: 1\n${key}\n`), '', key);
  });
  it('control characters are refused, also where they are escaped', () => {
    assert.match(refusal('version: 1\ndescription: "a\\0b"\n'), /control character/);
    assert.notEqual(refusal('version: 1\ndescription: a\u0000b\n'), '');
    assert.match(refusal('version: 1\ndescription: "\\e[31m"\n'), /control character/);
  });
  it('numbers that are none are refused', () => {
    for (const value of ['.nan', '.inf', '1e400', '-1', '1.5', '0'])
      assert.notEqual(refusal(`version: 1\nlimits: { held_bytes_max: ${value} }\n`), '', value);
  });
  it('words of older YAML are texts, not truths', () =>
    assert.match(refusal('version: 1\ndefaults: { allow: off }\n'), /must be true or false, not the text "off"/));
  it('messages hold no control characters and no long texts of the file', () => {
    const said = refusal(`version: 1\n"\\u202e${'x'.repeat(5000)}": 1\n`);
    assert.ok(!said.includes('\u202e'));
    assert.ok(said.length < 400, said);
  });
  it('bytes that are not UTF-8 are refused, a byte order mark is not', () => {
    assert.throws(() => decodePolicy(Buffer.from([0x76, 0xff, 0xfe])), /not UTF-8/);
    assert.throws(() => decodePolicy(Buffer.from('\ufeffversion: 1', 'utf16le')), /not UTF-8/);
    assert.notEqual(refusal(decodePolicy(Buffer.from('version: 1', 'utf16le'))), '');
    assert.equal(refusal(decodePolicy(Buffer.from('\ufeffversion: 1\n'))), '');
  });
  it('Windows line ends keep their lines', () =>
    assert.match(
      refusal('version: 1\r\nrules:\r\n  - name: a\r\n    on: postgres\r\n    when: sql.cont == 1\r\n    then: deny\r\n'),
      /^p\.yaml:5:15: /,
    ));
});
