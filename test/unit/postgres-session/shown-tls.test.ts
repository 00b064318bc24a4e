import assert from 'node:assert/strict';
import { shownTls } from '../../../filters/record/shown-identity.js';

describe('TLS as recordings show it', () => {
  const maskName = (name: string) => name.replace(/4111\d{12}/, '[credit_card]');

  it('has the name that a client asked for masked, and the rest as it was', () => {
    const tls = { tls_version: 'TLSv1.3', requested_server_name: '4111110000000211.example' };
    assert.deepEqual(shownTls(tls, { maskName }), { tls_version: 'TLSv1.3', requested_server_name: '[credit_card].example' });
    assert.equal(tls.requested_server_name, '4111110000000211.example', 'what rules ask for is not changed');
    assert.deepEqual(shownTls({ tls_version: 'TLSv1.2' }, { maskName }), { tls_version: 'TLSv1.2' });
  });
});
