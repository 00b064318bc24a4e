import assert from 'node:assert/strict';
import { XmlMasker } from '../../../filters/mask/codecs/xml.js';
import { createDetector, createMasker } from '../../../filters/mask/index.js';

describe('XML that is nested without end', () => {
  const masked = (text: string): string => {
    const out: Buffer[] = [];
    const masker = new XmlMasker({
      detector: createDetector({ detect: ['all'] }),
      masker: createMasker('redact'),
      write: (bytes) => out.push(Buffer.from(bytes)),
    });
    masker.push(Buffer.from(text));
    masker.end();
    return Buffer.concat(out).toString();
  };

  it('is masked at every depth, and names count again when it is left', () => {
    const inner = `${'<a>'.repeat(3000)}4111111111111111${'</a>'.repeat(3000)}`;
    const got = masked(`<password>${inner}Tr0ub4dor-and-3</password>`);
    assert.ok(!got.includes('4111111111111111'));
    assert.ok(!got.includes('Tr0ub4dor-and-3'), 'password is the name around it again');
    assert.equal(got.match(/<\/?a>/g)?.length, 6000);
  });
});
