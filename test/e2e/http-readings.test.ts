import assert from 'node:assert/strict';
import { servedHttp } from '../support/http-world.js';

const policy = 'version: 1\nmasks:\n  - { name: cards, detect: [credit_card], as: redact }\n';
const CARD = '4111111111111111';
const each = (form: (hex: string, code: number) => string): string =>
  [...CARD].map((d) => form(d.charCodeAt(0).toString(16), d.charCodeAt(0))).join('');

/** Media type, before, the card as it is written, behind. */
const answers: [string, string, string, string][] = [
  ['application/json', ')]}\',\n{"a":"', each((hex) => `\\u00${hex}`), '"}'],
  ['application/javascript', "cb({a:'", each((hex) => `\\x${hex}`), "'});"],
  ['application/yaml', 'a: "', each((hex) => `\\x${hex}`), '"\n'],
  ['text/csv', 'a,b\n1,"{""c"":""', each((hex) => `\\u00${hex}`), '""}"\n'],
  ['text/event-stream', 'data: x = "', each((hex) => `\\u00${hex}`), '"\n\n'],
  ['text/plain', '<a>', each((_hex, code) => `&#${code};`), '</a>'],
  ['text/html', '<p>', each((_hex, code) => `&#000${code}`), ' x</p>'],
  ['text/html', '<p>', '4111<b>1111</b><wbr>1111&shy;1111', '</p>'],
  ['application/xml', '<a>', '4111<!-- -->1111<![CDATA[11111111]]>', '</a>'],
];

describe('answers that hide values in escapes and markup, through Envoy', function () {
  this.timeout(60_000);
  const served = servedHttp(policy);
  const { backend } = served;

  it('are masked, and nothing else of them is changed but in the value', async () => {
    for (const [type, before, card, behind] of answers) {
      const bytes = Buffer.from(before + card + behind);
      backend.answer = (_request, response) => {
        response.writeHead(200, { 'content-type': type });
        // in two parts, cut in the middle of the value
        response.write(bytes.subarray(0, before.length + card.length / 2));
        setImmediate(() => response.end(bytes.subarray(before.length + card.length / 2)));
      };
      const answer = await fetch(`http://127.0.0.1:${served.world.port}/x`);
      const text = await answer.text();
      assert.ok(text.startsWith(`${before}[credit_card]`) && text.endsWith(behind), `${type}: ${text}`);
      assert.ok(!text.includes(card) && !/1111|\\[ux]|&#/.test(text), `${type}: ${text}`);
    }
  });
});
