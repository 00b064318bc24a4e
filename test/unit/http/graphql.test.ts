import assert from 'node:assert/strict';
import { readGraphql } from '../../../filters/http/graphql.js';
import { Driver } from './support.js';

const none = {};
const read = (body: unknown, path = '/graphql', type = 'application/json', query: Record<string, string[]> = none) =>
  readGraphql(path, type, query, body);
const short = (body: unknown, ...more: [string?, string?, Record<string, string[]>?]) =>
  read(body, ...more).map(({ type, name, root, runs }) => `${type} ${name}(${root.join()})${runs ? '' : ' not run'}`);
const form = (pairs: Record<string, string[]>) => Object.assign(Object.create(null), pairs) as object;

describe('GraphQL in a request', () => {
  it('is told by its operations, whatever names and aliases say', () => {
    assert.deepEqual(read({ query: 'query Harmless { harmless: deleteUser(id: 1) { id profile { ssn } } }' }), [
      {
        type: 'query',
        name: 'Harmless',
        root: ['deleteUser'],
        fields: ['deleteUser', 'id', 'profile', 'ssn'],
        arguments: [{ field: 'deleteUser', name: 'id', value: 1 }],
        depth: 3,
        runs: true,
      },
    ]);
    assert.deepEqual(short({ query: 'mutation { ...F } fragment F on M { a: wipe ... on M { b { ...G } } } fragment G on X { deep }' }), [
      'mutation (wipe,b)',
    ]);
  });

  it('stands in a batch, in a query, in a form, in an upload, alone', () => {
    assert.deepEqual(short([{ query: '{ a }' }, { query: 'mutation { b }' }]), ['query (a)', 'mutation (b)']);
    assert.deepEqual(short(null, '/graphql', '', { query: ['mutation { c }'] }), ['mutation (c)']);
    assert.deepEqual(
      short({ query: '{ a }' }, '/graphql', 'application/json', { query: ['mutation { c }'] }),
      ['mutation (c)', 'query (a)'],
      'some servers prefer the one of the URL',
    );
    assert.deepEqual(short(form({ query: ['mutation { d }'] }), '/x', 'application/x-www-form-urlencoded'), ['mutation (d)']);
    assert.deepEqual(short(form({ operations: ['{"query":"mutation { up }"}'], map: ['{}'] }), '/x', 'multipart/form-data'), [
      'mutation (up)',
    ]);
    assert.deepEqual(short('mutation { e }', '/x', 'application/graphql'), ['mutation (e)']);
    assert.deepEqual(short({ query: '{ a }' }, '/anything'), ['query (a)'], 'by its look, anywhere');
  });

  it('stands under keys in capitals, which servers in Go read, and in an upload whose readers differ', () => {
    assert.deepEqual(short({ query: '{ a }', Query: 'mutation { wipe }' }), ['query (a)', 'mutation (wipe)']);
    assert.deepEqual(short({ query: 'query a { a } mutation b { b }', operationName: 'a', OPERATIONNAME: 'b' }), [
      'query a(a)',
      'mutation b(b)',
      'query a(a)',
      'mutation b(b)',
    ]);
    assert.throws(() => read({ query: '', QueryId: 'x' }), /stored GraphQL document/);
    const twice = '{"query":"mutation { up }","query":"{ a }"}';
    assert.throws(() => read(form({ operations: [twice], map: ['{}'] }), '/x', 'multipart/form-data'), /stands twice/);
  });

  it('is told by its arguments, in place, by variables, by defaults, in fragments', () => {
    const args = (body: unknown, url: Record<string, string[]> = none) =>
      read(body, '/graphql', 'application/json', url).flatMap((one) => one.arguments.map(({ field, name, value }) => [field, name, value]));
    const query =
      'mutation M($a: Int = 7, $o: In) { p: payout(amount: $a, to: {iban: $o, list: [1.5, "x", RED, null, true]}) { ...F } } fragment F on P { more(n: $a) }';
    assert.deepEqual(args({ query, variables: { o: 'DE1' } }), [
      ['payout', 'amount', 7],
      ['payout', 'to', { __proto__: null, iban: 'DE1', list: [1.5, 'x', 'RED', null, true] }],
      ['more', 'n', 7],
    ]);
    const simple = 'mutation M($a: Int) { payout(amount: $a) }';
    assert.deepEqual(args({ query: simple }), [['payout', 'amount', null]]);
    assert.deepEqual(args({ query: simple, variables: { a: 1 } }, { variables: ['{"a":5000}'] }), [
      ['payout', 'amount', 1],
      ['payout', 'amount', 5000],
    ]);
    assert.deepEqual(args(null, { query: [simple], variables: ['{"a":5000}'] }), [['payout', 'amount', 5000]]);
    assert.deepEqual(
      args([
        { query: simple, variables: { a: 1 } },
        { query: simple, variables: { a: 2 } },
      ]),
      [
        ['payout', 'amount', 1],
        ['payout', 'amount', 2],
      ],
    );
    for (const variables of ['x', [1], 7, '{"a":1,"a":2}']) assert.throws(() => args({ query: simple, variables }), /variables/);
    assert.throws(() => args({ query: `{ ${Array.from({ length: 1100 }, (_, n) => `a(x: ${n})`).join(' ')} }` }), /arguments/);
  });

  it('is judged by its arguments', () => {
    const policy = `
version: 1
rules:
  - { name: big, on: http, when: 'http.graphql.exists(o, o.arguments.exists(a, a.field == "payout" && a.name == "amount" && a.value > 1000))', then: deny }
`;
    const judged = (body: object): string => {
      const d = new Driver(policy);
      d.request('POST /graphql', [['content-type', 'application/json']], JSON.stringify(body));
      return d.answers[0]!.part;
    };
    const query = 'mutation M($a: Int) { x: payout(amount: $a) other(amount: "text") }';
    assert.equal(judged({ query, variables: { a: 1000 } }), 'request_headers');
    assert.equal(judged({ query, variables: { a: 1001 } }), 'immediate');
    assert.equal(judged({ query: 'mutation { payout(amount: 5000) }' }), 'immediate');
    assert.equal(judged({ query: 'mutation { payout(amount: "5000") }' }), 'immediate', 'what can not be compared is refused');
  });

  it('says which operation runs', () => {
    const query = 'query A { a } mutation B { b }';
    assert.deepEqual(short({ query, operationName: 'A' }), ['query A(a)', 'mutation B(b) not run']);
    assert.deepEqual(short({ query }), ['query A(a)', 'mutation B(b)']);
    assert.deepEqual(short({ query, operationName: 'A' }, '/graphql', 'application/json', { operationName: ['B'] }), [
      'query A(a)',
      'mutation B(b)',
    ]);
  });

  it('that can not be read throws where it must be GraphQL, and is something else elsewhere', () => {
    for (const body of [{ query: 'shoes' }, { query: '{' }, { query: 7 }, { id: 'x' }, 'text', [], [{ query: '{ ...F }' }]]) {
      assert.throws(() => read(body), Error);
    }
    assert.deepEqual(read({ query: 'shoes' }, '/search'), []);
    assert.deepEqual(read({ query: { match: 'x' } }, '/search'), []);
    assert.deepEqual(read(null), [], 'the page that explores it');
    assert.throws(() => read({ query: '{ ...F } fragment F on X { ...F }' }, '/x'), /fragments/);
    assert.throws(() => read({ query: `{ ${'a { '.repeat(150)} b ${'}'.repeat(151)}` }), /nested deeper/);
    assert.throws(() => read({ query: `{ ${'a '.repeat(30_000)} }` }), /too large/);
    assert.throws(() => read({ query: '{ '.repeat(200_000) }), Error);
  });

  it('that is stored at the server is not understood', () => {
    for (const body of [{ extensions: { persistedQuery: { sha256Hash: 'x' } } }, { documentId: 'x' }, { queryId: 'x', variables: {} }])
      assert.throws(() => read(body, '/x'), /stored/);
    assert.throws(() => read(null, '/x', '', { extensions: ['{"persistedQuery":{}}'] }), /stored/);
    assert.deepEqual(short({ query: '{ a }', extensions: { persistedQuery: {} } }), ['query (a)'], 'one that is sent with its text');
  });

  const policy = `
version: 1
rules:
  - { name: no-deletes, on: http, when: 'http.graphql.exists(o, o.type == "mutation" && o.root.exists(f, f.startsWith("delete")))', then: deny }
  - { name: mutations, on: http, when: 'http.graphql.exists(o, o.type == "mutation")', then: approve, approve: { lease: { same: shape, for: 1h } } }
`;
  const json: [string, string][] = [['content-type', 'application/json']];

  it('is judged by a policy, and what it asks for is part of its shape', () => {
    const shapes = ['mutation { pay(n: 1) }', 'mutation { pay(n: 2) }', 'mutation { other }'].map((query) => {
      const d = new Driver(policy);
      d.request('POST /graphql', json, JSON.stringify({ query }));
      assert.equal(d.last.holds.length, 1);
      return d.last.holds[0]!.shape;
    });
    assert.equal(shapes[0], shapes[1]);
    assert.notEqual(shapes[0], shapes[2]);
    const d = new Driver(policy);
    d.request('POST /graphql', json, JSON.stringify({ query: 'mutation { x: deleteAll }' }));
    assert.equal(d.refusal().problem['rule'], 'no-deletes');
    const got = new Driver(policy);
    got.request('GET /graphql?query=mutation%7BdeleteAll%7D');
    assert.equal(got.refusal().problem['rule'], 'no-deletes');
    const stored = new Driver(policy);
    stored.request('POST /graphql', json, JSON.stringify({ documentId: 'abc' }));
    assert.equal(stored.refusal().status, 403);
    const { matches } = stored.events('decision')[0] as { matches: { rule: string; error?: string }[] };
    assert.deepEqual(matches.map(({ rule }) => rule).sort(), ['default:unparsed', 'mutations', 'no-deletes']);
    assert.match(matches[0]!.error ?? '', /stored/);
  });
});
