import assert from 'node:assert/strict';
import { count, TEST_MS_MAX } from '../../support/long.js';
import { forSeeds, type Random } from '../../support/random.js';
import { Driver } from '../../unit/http/support.js';
import { maskedAnswer } from './masked-answer.js';

const policy = 'version: 1\nmasks:\n  - { name: all, detect: [all], as: redact }\n';
const EMAIL = 'jane.doe@example.com';
const CRLF = '\r\n';

const masked = (type: string, whole: Buffer | string, random?: Random): string =>
  maskedAnswer(policy, type, whole, random, type.includes('xml'));

/** A strict reader of XML as far as these documents go: tags, attributes, text, CDATA, comments. Throws for what is not well formed. */
function readXml(text: string): string[] {
  const out: string[] = [];
  const open: string[] = [];
  const plain = (raw: string): string =>
    raw.replace(/&(#x[0-9a-f]+|#\d+|[a-z]+);?/gi, (all, name: string) => {
      const known: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
      if (!all.endsWith(';')) throw new Error(`a reference without an end: ${all}`);
      if (name[0] !== '#') return known[name] ?? assert.fail(`unknown ${name}`);
      return String.fromCodePoint(name[1] === 'x' ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1)));
    });
  const token =
    /<!--(.*?)-->|<!\[CDATA\[(.*?)\]\]>|<\?.*?\?>|<(\/?)([\w:.-]+)((?:\s+[\w:.-]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>|([^<]+)/sy;
  while (token.lastIndex < text.length) {
    const found = token.exec(text);
    if (found === null) throw new Error(`not well formed: ${text.slice(token.lastIndex, token.lastIndex + 40)}`);
    const [, comment, cdata, end, name, attributes, empty, raw] = found;
    if (comment !== undefined) out.push(`comment ${comment}`);
    else if (cdata !== undefined) out.push(`text ${cdata}`);
    else if (raw !== undefined) out.push(`text ${plain(raw)}`);
    else if (name !== undefined) {
      if (end === '/') assert.equal(open.pop(), name);
      else if (empty !== '/') open.push(name);
      out.push(`${end}${name}${empty}`);
      for (const [, key, value] of attributes!.matchAll(/([\w:.-]+)\s*=\s*("[^"]*"|'[^']*')/g))
        out.push(`@${key} ${plain(value!.slice(1, -1))}`);
    }
  }
  assert.deepEqual(open, []);
  return out;
}

const texts = ['red', 'a < b & c', 'ß😀', '  ', '"quoted"', "it's", ']] >', EMAIL, `to ${EMAIL}, please`, '4111 1111 1111 1111', 'x]>'];
const referenced = (text: string, random: Random): string =>
  text.replace(/[&<>"'@]/g, (sign) =>
    sign === '@' && random.chance(0.5) ? '@' : random.chance(0.5) ? `&#${sign.charCodeAt(0)};` : `&#x${sign.charCodeAt(0).toString(16)};`,
  );

function xml(random: Random, depth = 0): string {
  const name = random.pick(['a', 'ns:note', 'item', 'row']);
  const attribute = (): string =>
    ` ${random.pick(['id', 'title', 'x:y'])}${random.int(9)}=${random.chance(0.5) ? `"${referenced(random.pick(texts), random)}"` : `'${referenced(random.pick(texts), random)}'`}`;
  const parts = Array.from({ length: depth > 3 ? 1 : random.int(4) }, () => {
    const kind = random.int(5);
    if (kind === 0 && depth < 4) return xml(random, depth + 1);
    if (kind === 1) return `<![CDATA[${random.pick(texts)}]]>`;
    if (kind === 2) return `<!-- ${random.pick(['red', `by ${EMAIL}`, 'a < b'])} -->`;
    return referenced(random.pick(texts), random);
  });
  // Two cards without a sign between them are one number too long for a card.
  const inside = parts.join('').replace(/1111(?=4111)/g, '1111 ');
  return random.chance(0.2) ? `<${name}${attribute()}/>` : `<${name}${random.chance(0.5) ? attribute() : ''}>${inside}</${name}>`;
}

describe('XML and bodies of several parts', function () {
  this.timeout(TEST_MS_MAX);

  it('XML: what a strict reader reads is the same but for what was masked, and the same bytes however it is cut', () => {
    forSeeds(count(300), (random) => {
      const whole = `<?xml version="1.0"?>\n${xml(random)}`;
      const out = masked('application/xml', whole);
      const [before, after] = [readXml(whole), readXml(out)];
      assert.equal(after.length, before.length, `${whole}\n${out}`);
      before.forEach((one, i) => {
        if (!/jane|4111/.test(one)) assert.equal(after[i], one, whole);
        else assert.doesNotMatch(after[i]!, /jane\.doe|4111 1111/, whole);
      });
      assert.equal(masked('application/xml', whole, random), out, whole);
    });
  });

  it('XML: names of elements, of attributes, and what an attribute names are evidence', () => {
    assert.equal(
      masked(
        'text/xml',
        `<u><password>hunter22</password><id>7</id><a password="hunter22" x='7'/><e key="password">hunter22</e><p name="password" value="hunter22"/><![CDATA[${EMAIL}]>]]></u>`,
      ),
      `<u><password>[password]</password><id>7</id><a password="[password]" x='7'/><e key="password">[password]</e><p name="password" value="[password]"/><![CDATA[(email)]>]]></u>`,
    );
  });

  const parts = (boundary: string, ...all: [headers: string[], body: string][]): string =>
    `${all.map(([headers, body]) => `--${boundary}${CRLF}${headers.map((one) => one + CRLF).join('')}${CRLF}${body}${CRLF}`).join('')}--${boundary}--${CRLF}`;

  it('each part by its own type, its headers too, parts in parts, cut anywhere', () => {
    const build = (mail: string, escaped: string): string =>
      `before ${mail}${CRLF}${parts(
        'x y',
        [['Content-Type: application/json'], `{"m":"${escaped}"}`],
        [['Content-Type: text/plain', `X-From: ${mail}`], `--x z${CRLF}${mail}`],
        [[], `{"m":"${escaped}"}`],
        [['content-type: multipart/mixed; boundary=inner'], parts('inner', [['Content-Type: text/csv'], `a,b${CRLF}${mail},2`])],
      )}after ${mail}`;
    const whole = build(EMAIL, 'jane.doe\\u0040example.com');
    const want = build('[email]', '[email]');
    const type = 'multipart/mixed; boundary="x y"';
    assert.equal(masked(type, whole), want);
    forSeeds(count(100), (random) => assert.equal(masked(type, whole, random), want));
  });

  it('what stands in headers of parts, before them and behind them is seen as in an answer', () => {
    const escaped = EMAIL.replace('@', '\\u0040');
    const build = (mail: string, header: string, folded: string, type: string): string =>
      `before ${mail}${CRLF}${parts('b', [[`Content-Type: text/plain${type}`, header, `X-A: by${folded}`, 'X-Clean: a', `${mail} alone`], 'x'])}{"m":"${mail}"}`;
    assert.equal(
      masked('multipart/mixed; boundary=b', build(escaped, `X-${EMAIL}: x`, `${CRLF}  ${EMAIL}`, `; charset=utf-8; name="${EMAIL}"`)),
      build('[email]', '', ' [email]', '; charset=utf-8').replace(CRLF.repeat(2), CRLF),
    );
  });

  it('two boundaries are an error: readers take the one or the other', () => {
    for (const type of ['multipart/mixed; boundary=a,multipart/mixed; boundary=b', 'multipart/mixed; boundary=a; boundary=b']) {
      const d = new Driver(policy);
      d.request('GET /x');
      d.respond([['content-type', type]], parts('b', [['Content-Type: application/json'], `{"m":"${EMAIL}"}`]));
      assert.equal(d.refusal().status, 502);
    }
  });

  it('a part that is encoded or packed is an error, and no byte of it leaves', () => {
    for (const header of ['Content-Transfer-Encoding: base64', 'Content-Encoding: gzip']) {
      const d = new Driver(policy);
      d.request('GET /x');
      d.respond([['content-type', 'multipart/mixed; boundary=b']], parts('b', [[header], Buffer.from(EMAIL).toString('base64')]));
      assert.equal(d.refusal().status, 502);
    }
  });
});
