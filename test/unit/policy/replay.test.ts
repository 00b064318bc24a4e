import assert from 'node:assert/strict';
import type { StoredEvent } from '../../../filters/record/chain.js';
import { emptyStatement } from '../../../filters/sql/empty-statement.js';
import { judgedAgain } from '../../support/judged-again.js';

const CARD = '4111 1111 1111 1111';
const ADDRESS = 'ada.lovelace@example.com';

/** One session, event by event. */
class Recorded {
  readonly events: StoredEvent[] = [];

  constructor(open: object) {
    this.add('session.open', {
      start: '2026-01-02T03:04:05.000Z',
      resource: 'shop',
      database: 'app',
      user: 'app',
      application: '',
      identity: { id: 'billing', kind: 'jwt', issuer: 'https://issuer', groups: ['dba'], claims: {}, source: '10.0.0.1:5', proof: 'jwt' },
      ...open,
    });
  }

  add(type: string, fields: object): this {
    this.events.push({
      v: 1,
      session: 'a'.repeat(32),
      seq: this.events.length,
      t: this.events.length,
      prev: '',
      type,
      ...fields,
    } as StoredEvent);
    return this;
  }

  /** A request that was decided so. */
  decided(request: string, fields: object, verdict: string, rule = ''): this {
    this.add('request', { request, operation: 'query', fingerprint: '', bytes: 10, ...fields });
    return this.add('decision', {
      request,
      verdict,
      rule,
      matches: rule === '' ? [] : [{ rule, verdict, mode: 'enforce' }],
      policy_version: '',
    });
  }
}

const postgres = () => new Recorded({ protocol: 'postgres' });
const http = (protocol = 'http') => new Recorded({ protocol, database: '', user: '' });

const rows = (columns: string[], ...values: string[][]): string => {
  const message = (type: string, body: Buffer): Buffer => {
    const head = Buffer.alloc(5);
    head.write(type, 'latin1');
    head.writeInt32BE(body.length + 4, 1);
    return Buffer.concat([head, body]);
  };
  const int16 = (n: number): Buffer => Buffer.from([n >> 8, n & 255]);
  const int32 = (n: number): Buffer => Buffer.from([n >>> 24, (n >> 16) & 255, (n >> 8) & 255, n & 255]);
  const field = (name: string): Buffer =>
    Buffer.concat([Buffer.from(`${name}\0`), int32(0), int16(0), int32(25), int16(-1 & 0xffff), int32(-1), int16(0)]);
  const cell = (value: string): Buffer => Buffer.concat([int32(Buffer.byteLength(value)), Buffer.from(value)]);
  return Buffer.concat([
    message('T', Buffer.concat([int16(columns.length), ...columns.map(field)])),
    ...values.map((row) => message('D', Buffer.concat([int16(row.length), ...row.map(cell)]))),
    message('C', Buffer.from(`SELECT ${values.length}\0`)),
  ]).toString('base64');
};

const rules = (...lines: string[]) => `version: 1\nrules:\n${lines.map((one) => `  - ${one}\n`).join('')}`;
const NO_DROP = `{ name: no-drop, on: postgres, when: 'sql.statements.exists(s, s.kind == "drop")', then: deny }`;
const HELD = `{ name: writes, on: postgres, when: 'sql.statements.exists(s, s.writes)', then: approve }`;

/** `r1 refused deny`: what changes, and what is decided now. */
async function changes(policy: string, { events }: Recorded): Promise<string[]> {
  return (await judgedAgain(policy, events)).map((one) => {
    if (one.type === 'not_judged') return `${one.request} ${one.why}`;
    if (one.type === 'masks') return `${one.request} ${one.change} ${one.count} ${one.kind} ${one.column} by ${one.mask}`;
    return `${one.request} ${one.change} ${one.now.verdict}`;
  });
}

describe('a policy on recorded sessions', () => {
  it('says what is newly refused, newly held, freed, and the same', async () => {
    const recorded = postgres()
      .decided('r1', { text: 'drop table t' }, 'allow')
      .decided('r2', { text: 'delete from t where id = 1' }, 'allow')
      .decided('r3', { text: 'select 1' }, 'deny', 'old')
      .decided('r4', { text: 'update t set a = 1 where id = 2' }, 'approve', 'old')
      .decided('r5', { text: 'drop table t' }, 'approve', 'old');
    assert.deepEqual(await changes(rules(NO_DROP, HELD), recorded), [
      'r1 refused deny',
      'r2 held approve',
      'r3 freed allow',
      'r4 same approve',
      'r5 refused deny',
    ]);
    const [first] = await judgedAgain(rules(NO_DROP, HELD), recorded.events);
    assert.deepEqual(first, {
      type: 'judged',
      session: 'a'.repeat(32),
      request: 'r1',
      identity: 'billing',
      resource: 'shop',
      start: '2026-01-02T03:04:05.000Z',
      t: 1,
      text: 'drop table t',
      was: { verdict: 'allow', rule: '', rules: [] },
      now: { verdict: 'deny', rule: 'no-drop', rules: ['no-drop', 'writes'] },
      change: 'refused',
    });
  });

  it('knows who asked, and what was bound', async () => {
    const recorded = postgres()
      .decided('r1', { text: 'select * from t where id = $1', operation: 'parse' }, 'allow')
      .decided('r2', { text: 'select * from t where id = $1', operation: 'execute', params: ['7', null] }, 'allow');
    const policy = rules(
      `{ name: seven, on: postgres, when: 'params.size() > 0 && params[0] == "7"', then: deny }`,
      `{ name: dbas, on: postgres, when: 'identity.groups.exists(g, g == "dba") && identity.proof == "jwt" && database == "app"', then: approve }`,
    );
    assert.deepEqual(await changes(policy, recorded), ['r1 held approve', 'r2 refused deny']);
  });

  it('takes the facts that were recorded, which may be told once, and reads the text where a fact is missing', async () => {
    const facts = (kind: string) => ({
      statements: [{ ...emptyStatement(kind, 'top') }],
      count: 1,
      unparsed: '',
      opaque: [],
      parameters: 0,
    });
    const { writes: _writes, ...older } = emptyStatement('select', 'top');
    const recorded = postgres()
      .decided('r1', { text: 'select [masked', facts: facts('drop') }, 'allow')
      .decided('r2', { text: 'select [masked', facts_of: 'r1' }, 'allow')
      .decided('r3', { text: 'drop table t', facts: { ...facts('select'), statements: [older] } }, 'allow')
      .decided('r4', { text: 'select [masked' }, 'allow');
    const [one, two, three, four] = await changes(rules(NO_DROP), recorded);
    assert.deepEqual([one, two, three], ['r1 refused deny', 'r2 refused deny', 'r3 refused deny']);
    assert.match(four!, /r4 its facts are not in the recording/);
  });

  it('compares masks: by kind, by column, what is found now and what was found then', async () => {
    const recorded = postgres()
      .decided('r1', { text: 'select name, pay, mail from people' }, 'allow')
      .add('response', {
        request: 'r1',
        columns: ['name', 'pay', 'mail'],
        wire: rows(['name', 'pay', 'mail'], [`Ada ${CARD}`, '12', 'a***@example.com'], ['Bob', '13', 'b***@example.com']),
        masked: [{ column: 'mail', rule: 'people', kind: 'email', count: 2 }],
      });
    const masks = (text: string) => `version: 1\nmasks:\n${text}`;
    const cards = '  - { name: cards, detect: [credit_card], as: redact }\n';
    const people = '  - { name: anyone, detect: [email], as: redact }\n';
    const pay = '  - { name: pay, columns: ["*.people.pay"], as: "null" }\n';
    assert.deepEqual((await changes(masks(cards + people + pay), recorded)).slice(1), [
      'r1 masked 1 credit_card name by cards',
      'r1 masked 2 column pay by pay',
    ]);
    assert.deepEqual((await changes(masks(cards), recorded)).slice(1), [
      'r1 masked 1 credit_card name by cards',
      'r1 unmasked 2 email mail by people',
    ]);
  });

  it('judges requests with their bodies, encoded again, and masks of answers', async () => {
    const recorded = http()
      .decided(
        'r1',
        {
          operation: 'POST',
          text: 'POST api/v1/pay outs?who=a b&n=1%',
          headers: { 'content-type': 'application/json' },
          body: '{"amount":5000}',
          facts: { method: 'POST', host: 'api', path: '/v1/pay outs', unparsed: '' },
        },
        'allow',
      )
      .add('response', {
        request: 'r1',
        content_type: 'application/json',
        body: Buffer.from(JSON.stringify({ card: CARD, mail: 'a***@example.com', also: ADDRESS })).toString('base64'),
        masked: [],
      });
    const policy = `${rules(
      `{ name: big, on: http, when: 'http.path == "/v1/pay outs" && http.query["who"] == ["a b"] && http.query["n"] == ["1%"] && http.body.amount > 1000', then: approve }`,
    )}masks:\n  - { name: all, detect: [email, credit_card], as: redact }\n`;
    assert.deepEqual(await changes(policy, recorded), ['r1 held approve', 'r1 masked 2   by all']);
  });

  it('waits for a body that came behind its decision, and says where it is not whole', async () => {
    const request = {
      operation: 'POST',
      text: 'POST api/x',
      headers: { 'content-type': 'application/json' },
      facts: { method: 'POST', host: 'api', path: '/x' },
    };
    const policy = rules(`{ name: big, on: http, when: 'http.body.amount > 1000', then: deny }`);
    const streamed = http()
      .decided('r1', request, 'allow')
      .add('request.body', { request: 'r1', body: '{"amount":5000}', bytes: 15, left_out: 0 });
    assert.deepEqual(await changes(policy, streamed), ['r1 refused deny']);
    const cut = http().decided('r1', request, 'allow').add('request.body', { request: 'r1', body: '{"amo', bytes: 15, left_out: 10 });
    assert.deepEqual(await changes(policy, cut), ['r1 its body is not whole in the recording']);
    assert.deepEqual(await changes(rules(`{ name: x, on: http, when: 'http.path == "/x"', then: deny }`), cut), ['r1 refused deny']);
  });

  it('judges messages to an MCP server, of a WebSocket, and lines of a terminal', async () => {
    const mcp = http('mcp').decided(
      'r1',
      {
        operation: 'tools/call shell',
        text: 'POST api/mcp',
        headers: { 'content-type': 'application/json' },
        body: '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"shell","arguments":{}}}',
        facts: { method: 'POST', host: 'api', path: '/mcp', unparsed: '', mcp: { tools_changed: ['shell'] } },
      },
      'allow',
    );
    assert.deepEqual(await changes(rules(`{ name: changed, on: mcp, when: 'mcp.tool == "shell" && mcp.tool_changed', then: deny }`), mcp), [
      'r1 refused deny',
    ]);
    const upgrade = {
      operation: 'GET',
      text: 'GET api/chat',
      headers: { upgrade: 'websocket', connection: 'upgrade' },
      facts: { method: 'GET', host: 'api', path: '/chat' },
    };
    const chat = http()
      .decided('r1', upgrade, 'allow')
      .decided('m1', { operation: 'message from the client', text: '{"type":"transfer"}', bytes: 19, left_out: 0 }, 'allow');
    assert.deepEqual(
      await changes(rules(`{ name: transfers, on: websocket, when: 'message.body.type == "transfer"', then: deny }`), chat),
      ['r1 same allow', 'm1 refused deny'],
    );
    const path = '/api/v1/namespaces/prod/pods/db/exec';
    const exec = http('kubernetes')
      .decided(
        'r1',
        { operation: 'x', text: `GET api${path}?command=sh`, headers: {}, bytes: 0, facts: { method: 'GET', host: 'api', path } },
        'allow',
      )
      .decided('l1', { operation: 'line', text: 'rm -rf /', bytes: 8 }, 'allow');
    const policy = rules(`{ name: no-rm, on: terminal, when: 'terminal.line.startsWith("rm ") && k8s.namespace == "prod"', then: deny }`);
    assert.deepEqual(await changes(policy, exec), ['r1 same allow', 'l1 refused deny']);
  });

  it('sees which values of objects of Kubernetes would be masked now, and which no more', async () => {
    const password = Buffer.from('correct-horse').toString('base64');
    const MARK = Buffer.from('[midstream masked]').toString('base64');
    const object = (value: string) => ({
      kind: 'Secret',
      metadata: {
        name: 'db',
        annotations: {
          applied: JSON.stringify({ kind: 'Secret', stringData: { password: value === MARK ? '[midstream masked]' : 'correct-horse' } }),
        },
      },
      data: { password: value },
    });
    const answered = (text: string, masked: object[] = [], resource = 'secrets') =>
      http('kubernetes')
        .decided('r1', { operation: 'get', text: 'GET api/x', facts: { kubernetes: { resource, group: '', subresource: '' } } }, 'allow')
        .add('response', { request: 'r1', content_type: 'application/json', body: Buffer.from(text).toString('base64'), masked });
    const told = async (policy: string, recorded: Recorded) => (await changes(policy, recorded)).filter((one) => one.includes(' by '));
    const secrets = 'version: 1\nmasks: [{ name: k8s, kubernetes: [secrets], as: redact }]\n';
    const mails = 'version: 1\nmasks: [{ name: mails, detect: [email], as: partial }]\n';
    const shown = JSON.stringify(object(password));
    const covered = answered(JSON.stringify(object(MARK)), [{ column: '', rule: 'k8s', kind: '', count: 2 }]);
    assert.deepEqual(await told(secrets, answered(shown)), ['r1 masked 2   by k8s']);
    assert.deepEqual(await told(secrets, covered), [], 'what was covered is covered');
    assert.deepEqual(await told(mails, covered), ['r1 unmasked 2   by k8s'], 'detectors would not find it');
    const refused = (said: string) =>
      answered(
        JSON.stringify({ kind: 'Status', message: `admission webhook "w" denied the request: ${said}`, reason: said || 'Forbidden' }),
      );
    assert.deepEqual(await told(secrets, refused('[midstream masked]')), []);
    assert.deepEqual(await told(secrets, refused('correct-horse')), ['r1 masked 2   by k8s']);
    const list = JSON.stringify({ kind: 'SecretList', items: [object(password), object(password)] });
    assert.deepEqual(await told(secrets, answered(list.slice(0, -40))), ['r1 masked 2   by k8s'], 'a body that was cut, as far as it goes');
    assert.deepEqual(
      await told(mails, answered('{"kind":"ConfigMap","data":{"a":"to ada@example.com, and **@b.example"}}', [], 'configmaps')),
      ['r1 masked 1   by mails'],
    );
  });

  it('compares nothing with what the gateway refused whatever the policy said, and reads what is broken with care', async () => {
    const recorded = postgres()
      .decided('r1', { text: 'select 1' }, 'deny')
      .add('decision', { request: 'none', verdict: 'allow' })
      .decided('r2', { text: 'select 1' }, 'maybe')
      .add('response', { request: 'none' })
      .decided('r3', { text: 5, facts: 'x', params: 'y' }, 'allow');
    assert.match((await changes(rules(NO_DROP), recorded)).join(), /^r3 its facts are not in the recording/);
    assert.deepEqual(await changes(rules(NO_DROP), new Recorded({ protocol: 'smtp' }).decided('r1', { text: 'x' }, 'allow')), []);
  });
});
