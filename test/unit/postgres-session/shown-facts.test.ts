import assert from 'node:assert/strict';
import { createDetector, createMasker, maskString } from '../../../filters/mask/index.js';
import { shownFacts } from '../../../filters/postgres/session/shown-facts.js';
import { shownIdentity } from '../../../filters/record/shown-identity.js';
import { createAnalyzer, loadParser } from '../../../filters/sql/analyze.js';

const detector = createDetector({ detect: ['all'] });
const redact = createMasker('redact', {});
const maskText = (text: string) => maskString(detector, redact, text);
const CARD = '4111111111111111';

describe('what recordings show of facts and identities', () => {
  let analyze: ReturnType<typeof createAnalyzer>['analyze'];
  before(async () => {
    await loadParser();
    analyze = createAnalyzer({ cache_entries_max: 10, cache_bytes_max: 1 << 20, statement_bytes_max: 1 << 20 }).analyze;
  });

  for (const text of [
    `select 1 as x from "${CARD}"."${CARD}"`,
    `select "${CARD}" from t where "${CARD}" > 1`,
    `select U&"\\0034111111111111111" from t`,
    `select "${CARD}"(1)`,
    `prepare "${CARD}" as select 1`,
    `set app.customer = '${CARD}'`,
    `listen "${CARD}"`,
  ]) {
    it(`no secret that is a name or a value in ${text}`, () => {
      const { facts } = analyze(text);
      assert.ok(JSON.stringify({ ...facts, normalized: '' }).includes(CARD), 'the facts hold it');
      assert.ok(!JSON.stringify({ ...shownFacts(facts, maskText), normalized: '' }).includes(CARD));
    });
  }

  it('no value that is a secret by what it is assigned to', () => {
    const { facts } = analyze("set app.password = 'correct horse 17'");
    assert.equal(facts.statements[0]!.setting_value, 'correct horse 17');
    assert.equal(shownFacts(facts, maskText).statements[0]!.setting_value, '[secret]');
  });

  it('everything else as it is', () => {
    const { facts } = analyze("select id, name from shop.customers where city = 'Bergen' order by name; set work_mem = '64MB'");
    assert.deepEqual(shownFacts(facts, maskText), facts);
  });

  it('a claimed identity is masked, a proven one is shown as it is', () => {
    const identity = {
      id: CARD,
      kind: 'claimed' as const,
      issuer: '',
      groups: [],
      claims: { application_name: CARD },
      source: '',
      proof: 'claimed',
    };
    const masks = { maskText, maskName: maskText };
    assert.equal(shownIdentity(identity, masks).id, '[credit_card]');
    assert.equal(shownIdentity(identity, masks).claims['application_name'], '[credit_card]');
    assert.equal(shownIdentity({ ...identity, kind: 'spiffe', id: `spiffe://x/${CARD}` }, masks).id, `spiffe://x/${CARD}`);
  });
});
