import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { renderBootstrap } from '../../../envoy/render.js';
import { renderOptionsOf } from '../../../extproc/config/envoy.js';
import { loadConfig } from '../../../extproc/config/load.js';

describe('a listener whose tokens Envoy verifies', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'midstream-by-envoy-'));
  });
  after(() => rmSync(folder, { recursive: true }));

  const rendered = async (authentication: string, keys = ''): Promise<string> => {
    const file = join(folder, 'midstream.yaml');
    writeFileSync(
      file,
      `version: 1
policy: policy.yaml
record: { directory: recordings }
identity:
  issuers: [{ issuer: "https://login.example", audiences: [midstream], jwks_url: "https://login.example/keys"${keys} }]
http:
  - name: api
    listen: 127.0.0.1:8443
    upstream: https://api.example
    tls: { certificate_file: s.pem, key_file: s.key, client_ca_file: ca.pem, client_certificate: optional }
    authentication: { by: envoy, ${authentication} }
`,
    );
    return renderBootstrap(renderOptionsOf(await loadConfig(file, { env: {} })));
  };

  it('asks for one only where a certificate is not enough, and somebody is required', async () => {
    assert.doesNotMatch(await rendered('methods: [token]'), /allow_missing/);
    assert.match(await rendered('methods: [certificate, token]'), /allow_missing/);
    assert.match(await rendered('methods: [token], required: false'), /allow_missing/);
  });

  it('takes it from Authorization alone, and leaves header and payload for the gateway', async () => {
    const text = await rendered('methods: [token]');
    assert.match(text, /from_headers:\n\s+- name: Authorization\n\s+value_prefix: "?Bearer "?/);
    assert.match(text, /header_in_metadata: midstream_header/);
    assert.match(text, /payload_in_metadata: midstream\n/);
  });

  it('has its keys fetched again every five minutes, or as often as they grow old', async () => {
    assert.match(await rendered('methods: [token]'), /cache_duration:\n\s+seconds: 300/);
    assert.match(await rendered('methods: [token]', ', keys_age_max: 40s'), /cache_duration:\n\s+seconds: 40/);
  });
});
