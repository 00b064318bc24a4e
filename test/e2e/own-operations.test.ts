import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { hashToken } from '../../extproc/console/tokens.js';
import { eventually } from '../support/envoy.js';
import { Issuer } from '../support/issuer.js';
import { tlsFile } from '../support/kubernetes.js';
import { freePorts } from '../support/ports.js';
import { onServer, type ScratchDatabase, scratchDatabase } from '../support/postgres.js';
import { type Served, startServed } from '../support/served.js';

const policy = `
version: 1
rules:
  - { name: held, on: http, when: 'http.path == "/held"', then: approve, approve: { by: [dba], wait: 1m } }
  - { name: held-sql, on: postgres, when: 'sql.statements.exists(s, s.kind == "delete")', then: approve, approve: { by: [dba], wait: 1m } }
defaults: { unparsed: deny, opaque: allow, allow: true }
`;

/** What her provider's tokens call Jane beside her `sub`; none of it is shown to approvers. */
const jane = { sub: '00u1', email: 'jane@shop.example', preferred_username: 'jane', upn: 'jane@corp.example' };
/** Tokens of approvers that bear those names, and say nothing of who else they are. */
const ids = ['Jane@Shop.example', 'jane', 'JANE@corp.example', '00U1'];
const tokenOf = (id: string): string => `approver-${id.replace('@', '-at-')}`;

describe('operations of an agent that runs by a person’s token, through a real Envoy', function () {
  this.timeout(90_000);
  const folder = mkdtempSync(join(tmpdir(), 'ms-own-'));
  const role = `own_${process.pid}`;
  let issuer: Issuer;
  let backend: Server;
  let database: ScratchDatabase;
  let served: Served;
  let ran = 0;
  let ports: { http: number; postgres: number; api: number };

  before(async () => {
    issuer = await Issuer.start();
    backend = createServer((_request, response) => response.end(`ran ${++ran}`));
    await new Promise<void>((done) => backend.listen(0, '127.0.0.1', done));
    database = await scratchDatabase('own');
    await onServer(database.url, async (client) => {
      await client.query(`create role ${role} login password 'the-role'`);
      await client.query(`create table t (n int); insert into t values (1); grant all on t to ${role}`);
    });
    const [http = 0, postgres = 0, api = 0] = await freePorts(3);
    ports = { http, postgres, api };
    writeFileSync(join(folder, 'policy.yaml'), policy);
    writeFileSync(join(folder, 'secret'), 'the-role');
    const { hostname, port } = new URL(database.url);
    served = await startServed(folder, {
      version: 1,
      listeners: [
        {
          name: 'shop',
          listen: `127.0.0.1:${postgres}`,
          upstream: `${hostname}:${port}`,
          tls: { certificate_file: tlsFile('server.pem'), key_file: tlsFile('server.key'), required: true },
          authentication: { methods: ['token'], logins: [{ role, password_file: 'secret' }] },
        },
      ],
      http: [
        {
          name: 'api',
          listen: `127.0.0.1:${http}`,
          upstream: `http://127.0.0.1:${(backend.address() as AddressInfo).port}`,
          authentication: { methods: ['token'] },
        },
      ],
      gateway: { grpc: `unix:${folder}/grpc.sock` },
      policy: 'policy.yaml',
      record: { directory: 'recordings', durability: 'relaxed' },
      approvals: {
        api: { listen: `127.0.0.1:${api}`, tokens: [...ids, 'bob'].map((id) => ({ id, groups: ['dba'], hash: hashToken(tokenOf(id)) })) },
      },
      identity: { issuers: [{ issuer: issuer.issuer, audiences: ['midstream'], jwks_url: issuer.jwks_url }] },
    });
  });
  after(async () => {
    await served?.stop();
    backend?.closeAllConnections();
    backend?.close();
    await issuer?.stop();
    if (database) await onServer(database.url, (client) => client.query(`drop owned by ${role}; drop role ${role}`));
    await database?.drop();
    rmSync(folder, { recursive: true, force: true });
  });

  const call = async (who: string, path: string, body?: object): Promise<{ status: number; text: string }> => {
    const answer = await fetch(`http://127.0.0.1:${ports.api}${path}`, {
      headers: { authorization: `Bearer ${tokenOf(who)}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
    });
    return { status: answer.status, text: await answer.text() };
  };
  const waiting = async (): Promise<string> => {
    const list = async (): Promise<string | undefined> =>
      (JSON.parse((await call('bob', '/v1/approvals?status=pending')).text) as { approvals: { operation: { hold: string } }[] })
        .approvals[0]?.operation.hold;
    return (await eventually(list, (hold) => hold !== undefined, 'nothing is held'))!;
  };
  /** Nobody that the token names may decide; Bob may. */
  const decidedByOthersAlone = async (): Promise<void> => {
    const hold = await waiting();
    const shown = (await call('bob', `/v1/approvals/${hold}`)).text;
    for (const name of ['jane', 'corp.example']) assert.ok(!shown.includes(name), shown);
    for (const id of ids)
      for (const verdict of ['approve', 'deny']) {
        const answer = await call(id, `/v1/approvals/${hold}/${verdict}`, {});
        assert.equal(answer.status, 403, `${id}: ${answer.text}`);
        assert.match(answer.text, /nobody decides on an operation of their own/);
      }
    assert.equal((await call('bob', `/v1/approvals/${hold}/approve`, {})).status, 200);
  };

  it('are approved and denied by others alone, over HTTP', async () => {
    const token = await issuer.token(jane);
    const answer = fetch(`http://127.0.0.1:${ports.http}/held`, { headers: { authorization: `Bearer ${token}` } });
    await decidedByOthersAlone();
    assert.equal(await (await answer).text(), 'ran 1');
  });

  it('are approved and denied by others alone, at PostgreSQL', async () => {
    const client = new pg.Client({
      host: 'localhost',
      port: ports.postgres,
      user: 'any',
      password: await issuer.token(jane),
      database: database.name,
      ssl: { ca: readFileSync(tlsFile('ca.pem')) },
    });
    await client.connect();
    try {
      const deleted = client.query('delete from t');
      await decidedByOthersAlone();
      assert.equal((await deleted).rowCount, 1);
    } finally {
      await client.end();
    }
  });
});
