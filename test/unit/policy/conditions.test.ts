import assert from 'node:assert/strict';
import { compileCondition } from '../../../filters/policy/cel.js';
import { ruleContext } from '../../../filters/policy/context/index.js';
import { factFunctions, factTypes, factVariables } from '../../../filters/policy/fact-table.js';
import { compilePolicy } from '../../../filters/policy/index.js';
import type { PostgresOperation } from '../../../filters/policy/types.js';
import { oneRule, operation, identity as plainIdentity, sqlFacts } from './operation.js';

/** Somebody proven: what is only claimed is in proof.test.ts. */
const identity: typeof plainIdentity = (changes) => plainIdentity({ kind: 'jwt', proof: 'jwt', age_s: 5, ...changes });
const proven = (sql = sqlFacts([{}])) => operation(sql, { identity: identity() });

function evaluate(expression: string, facts: PostgresOperation = proven()): unknown {
  const compiled = compileCondition(expression, 'postgres', 'any');
  if ('problems' in compiled) throw new Error(compiled.problems.map((problem) => problem.what).join('; '));
  return compiled.condition.evaluate(ruleContext(facts));
}
const holds = (expression: string, facts?: PostgresOperation) =>
  assert.deepEqual(evaluate(expression, facts), { matched: true }, expression);
const fails = (expression: string, facts: PostgresOperation) =>
  assert.deepEqual(evaluate(expression, facts), { matched: false }, expression);
const problemOf = (
  expression: string,
  scope: 'postgres' | 'http' | 'mcp' | 'kubernetes' | 'websocket' | 'terminal' = 'postgres',
): string => {
  const compiled = compileCondition(expression, scope);
  return 'problems' in compiled ? (compiled.problems[0]?.what ?? '') : '';
};

const rich = operation(
  sqlFacts(
    [
      {
        kind: 'copy',
        object: '',
        objects: [{ type: 'table', schema: 'hr', name: 'people', access: 'read' }],
        columns: [{ schema: 'hr', table: 'people', column: 'salary', use: 'output' }],
        functions: [{ schema: '', name: 'pg_read_file', reaches: ['files'], origin: 'builtin' }],
        reaches: ['files'],
        limit: 1000,
        copy_direction: 'out',
        copy_target: 'stdout',
        setting: 'role',
        setting_value: 'dba',
        name: 'c1',
        opaque: ['unknown function f'],
      },
    ],
    { opaque: ['unknown function f'], parameters: 2 },
  ),
  {
    params: ['1', null],
    identity: identity({
      id: 'spiffe://example.org/agents/a',
      kind: 'spiffe',
      groups: ['dba'],
      claims: { team: 'billing', level: 3, roles: ['x'] },
      proof: 'mtls',
    }),
  },
);

describe('conditions', function () {
  this.timeout(60_000);

  it('reach every fact', () => {
    for (const expression of [
      's.kind == "copy" && s.object == "" && s.within == "top"',
      's.objects.exists(o, o.type == "table" && o.schema == "hr" && o.name == "people" && o.access == "read")',
      's.columns.exists(c, c.schema == "hr" && c.table == "people" && c.column == "salary" && c.use == "output")',
      's.functions.exists(f, f.schema == "" && f.name == "pg_read_file" && "files" in f.reaches && f.origin == "builtin")',
      '"files" in s.reaches && !s.writes && s.filtered && s.limit == 1000 && s.limit < 1001',
      's.copy_direction == "out" && s.copy_target == "stdout"',
      's.setting == "role" && s.setting_value == "dba" && s.name == "c1" && !s.analyze && s.opaque.size() == 1',
    ]) {
      holds(`sql.statements.exists(s, ${expression})`, rich);
    }
    holds(
      'sql.count == 1 && sql.unparsed == "" && size(sql.opaque) == 1 && sql.fingerprint == "f00d" && sql.normalized == "select 1" && sql.parameters == 2',
      rich,
    );
    holds('on == "postgres" && resource == "orders" && database == "shop" && user == "app" && application == "psql"', rich);
    holds(
      'identity.id.startsWith("spiffe://") && identity.kind == "spiffe" && identity.issuer == "" && "dba" in identity.groups && identity.source.endsWith(":5") && identity.proof == "mtls"',
      rich,
    );
    holds(
      'identity.claims.team == "billing" && identity.claims.level == 3 && identity.claims.level > 2 && "x" in identity.claims.roles && has(identity.claims.team) && !has(identity.claims.nope)',
      rich,
    );
    holds('params[0] == "1" && params[1] == null && size(params) == 2 && int(params[0]) == 1', rich);
  });

  it('have every function that the table promises', () => {
    holds('has(identity.id) && size("ab") == 2 && [1, 2].exists(i, i == 2) && [1, 2].all(i, i > 0) && [1, 2].exists_one(i, i == 1)');
    holds(
      '[1, 2].filter(i, i > 1).size() == 1 && [1, 2].map(i, i + 1)[0] == 2 && "abc".startsWith("a") && "abc".endsWith("c") && "abc".contains("b")',
    );
    holds(
      '"abc".matches("^a.c$") && glob("prod-eu", "prod-*") && lower("AbC") == "abc" && "A".lowerAscii() == "a" && "a".upperAscii() == "A" && " a ".trim() == "a"',
    );
    holds('int("42") == 42 && double("0.5") < 1.0 && string(42) == "42"');
    assert.equal(Object.keys(factFunctions).length, 19);
  });

  it('have examples in the table that compile', () => {
    const scopes: Record<string, Parameters<typeof problemOf>[1]> = {
      Http: 'http',
      http: 'http',
      Mcp: 'mcp',
      mcp: 'mcp',
      Kubernetes: 'kubernetes',
      k8s: 'kubernetes',
      Message: 'websocket',
      message: 'websocket',
      Terminal: 'terminal',
      terminal: 'terminal',
      UploadedFile: 'http',
      GraphqlOperation: 'http',
      GraphqlArgument: 'http',
    };
    const element: Record<string, string> = {
      ObjectAccess: 's.objects.exists(o, ',
      ColumnUse: 's.columns.exists(c, ',
      FunctionUse: 's.functions.exists(f, ',
    };
    const inHttp: Record<string, string> = {
      UploadedFile: 'http.files.exists(f, ',
      GraphqlOperation: 'http.graphql.exists(o, ',
      GraphqlArgument: 'http.graphql.exists(o, o.arguments.exists(a, ',
    };
    for (const [type, fields] of Object.entries(factTypes)) {
      const scope = scopes[type] ?? 'postgres';
      for (const [name, doc] of Object.entries(fields)) {
        let expression = inHttp[type] === undefined ? doc.example : `${inHttp[type]}${doc.example})`;
        if (type === 'GraphqlArgument') expression += ')';
        if (element[type] !== undefined) expression = `${element[type]}${expression})`;
        if (element[type] !== undefined || type === 'Statement') expression = `sql.statements.exists(s, ${expression})`;
        assert.equal(problemOf(expression, scope), '', `${type}.${name}: ${expression}`);
      }
    }
    for (const [name, doc] of Object.entries(factVariables)) assert.equal(problemOf(doc.example, scopes[name] ?? 'postgres'), '', name);
  });

  it('see only the fields of the table', () => {
    const facts = proven();
    Object.assign(facts.sql.statements[0] as object, { secret: 'x' });
    assert.match(problemOf('sql.statements.exists(s, s.secret == "x")'), /has no field "secret"/);
    for (const name of ['constructor', '__proto__', 'toString', 'hasOwnProperty']) {
      assert.notEqual(problemOf(`sql.${name} == "x"`), '', name);
      const outcome = evaluate(`identity.claims.${name === '__proto__' ? 'proto' : name} == "x"`, facts) as {
        matched: boolean;
        error?: string;
      };
      assert.match(outcome.error ?? '', /No such key/, name);
    }
  });

  it('ask claims as they are, prototype and all', () => {
    const claims = JSON.parse('{"__proto__": {"admin": true}, "constructor": "c"}') as Record<string, unknown>;
    const facts = operation(sqlFacts([{}]), { identity: identity({ claims }) });
    holds('identity.claims.constructor == "c"', facts);
    assert.match((evaluate('identity.claims.admin == true', facts) as { error?: string }).error ?? '', /No such key/);
  });

  it('fail closed on every kind of failure while evaluating', () => {
    for (const [expression, why] of [
      ['identity.claims.missing == 1', /No such key/],
      ['params[7] == "x"', /out of bounds/],
      ['1 / (sql.count - 1) == 1', /division by zero/],
      ['int(database) == 1', /cannot convert/],
      ['identity.claims.team', /other than true or false|No such key/],
    ] as const) {
      const outcome = evaluate(expression) as { matched: boolean; error?: string };
      assert.equal(outcome.matched, true, expression);
      assert.match(outcome.error ?? '', why, expression);
    }
    const withNull = operation(sqlFacts([{}], { parameters: 1 }), { params: [null] });
    assert.match((evaluate('params.exists(p, p.matches("x"))', withNull) as { error?: string }).error ?? '', /'null\.matches\(/);
    fails('params.exists(p, p != null && p.matches("x"))', withNull);
    assert.deepEqual(evaluate('identity.claims.team', rich), {
      matched: true,
      error: 'the condition gave something other than true or false',
    });
  });

  it('never tell values of the operation in an error', () => {
    const secret = 'hunter2-hunter2';
    const facts = operation(sqlFacts([{ setting_value: secret, name: secret }], { parameters: 1 }), {
      database: secret,
      params: [secret],
      identity: identity({ claims: { a: secret } }),
    });
    for (const expression of [
      'int(database) == 1',
      'int(params[0]) == 1',
      'double(params[0]) == 1.0',
      'identity.claims.a > 3',
      'params[0] + 1 == 2',
      'identity.claims.a.b == 1',
      'params[0] && true',
      'params[0].exists(x, x == 1)',
      'identity.claims[database] == 1',
    ]) {
      const compiled = compileCondition(expression, 'postgres', 'any');
      if ('problems' in compiled) continue;
      const outcome = compiled.condition.evaluate(ruleContext(facts));
      assert.ok(!(outcome.error ?? '').includes(secret), `${expression}: ${outcome.error}`);
    }
  });
});

describe('hostile conditions', function () {
  this.timeout(60_000);

  it('that are too long, too deep or too large are refused', () => {
    assert.match(problemOf(`${'true || '.repeat(2000)}true`), /longer than/);
    assert.match(problemOf(`${'('.repeat(500)}true${')'.repeat(500)}`), /depth|nest|Exceeded/i);
    assert.match(problemOf(`${'!'.repeat(3000)}true`), /signs stand in a row/);
    assert.match(problemOf(`${'! '.repeat(60)}true`), /signs stand in a row/);
    assert.equal(problemOf('!!true'), '');
    assert.match(problemOf(`sql.count in [${Array.from({ length: 1500 }, (_, i) => i).join(',')}]`), /elements/i);
  });

  it('that loop in loops are refused beyond three', () => {
    const nest = (depth: number) =>
      `${Array.from({ length: depth }, (_, i) => `sql.statements.exists(s${i}, `).join('')}true${')'.repeat(depth)}`;
    assert.equal(problemOf(nest(3)), '');
    assert.match(problemOf(nest(4)), /fourth loop/);
  });

  it('that would take too long on a large operation count as matched, at once', () => {
    const policy = compilePolicy(
      oneRule(
        'sql.statements.exists(a, sql.statements.exists(b, sql.statements.exists(c, a.kind == "x" && b.kind == "y" && c.kind == "z")))',
      ),
      'p.yaml',
    );
    assert.equal(policy.decide(operation(sqlFacts(Array.from({ length: 10 }, () => ({}))))).verdict, 'allow');
    const decision = policy.decide(operation(sqlFacts(Array.from({ length: 5000 }, () => ({})))));
    assert.deepEqual(decision.matches, [
      { rule: 'r', verdict: 'deny', mode: 'enforce', error: 'the operation is too large for this condition' },
    ]);
  });

  it('are bounded by every list that they go through', () => {
    const many = Array.from({ length: 3000 }, (_, i) => `g${i}`);
    const facts = operation(sqlFacts([{}], { parameters: 3000 }), { params: many, identity: identity({ groups: many }) });
    for (const expression of [
      'params.exists(p, identity.groups.exists(g, g == p + "x"))',
      'params.exists(p, p in identity.groups && p == "x")',
      'identity.groups.filter(g, g != "").exists(g, params.exists(p, p == g && false))',
      'params.map(p, params.filter(q, q == p)).size() < 0',
    ]) {
      const compiled = compileCondition(expression, 'postgres');
      if ('problems' in compiled) continue;
      assert.match(compiled.condition.evaluate(ruleContext(facts)).error ?? '', /too large/, expression);
    }
  });

  it('count what is in each statement once, and loops within by the longest', () => {
    const wide = {
      objects: Array.from({ length: 1500 }, () => ({ type: 'table', schema: '', name: 't', access: 'read' as const })),
      columns: Array.from({ length: 1500 }, () => ({ schema: '', table: 't', column: 'c', use: 'output' as const })),
    };
    const facts = operation(sqlFacts([wide, ...Array.from({ length: 5000 }, () => ({}))]));
    const once = compilePolicy(oneRule('sql.statements.exists(s, s.objects.exists(o, o.name == "x" && o.access == "write"))'), 'p.yaml');
    assert.deepEqual(once.decide(facts).matches, []);
    const twice = compilePolicy(
      oneRule('sql.statements.exists(s, s.objects.exists(o, s.columns.exists(c, c.table == o.schema)))'),
      'p.yaml',
    );
    assert.match(twice.decide(facts).matches[0]?.error ?? '', /too large/);
  });

  it('can not join texts or lists, which would double them at each step', () => {
    assert.match(problemOf('database + database == "x"'), /joins texts or lists/);
    assert.match(problemOf('([1] + [2]).size() > 1'), /joins texts or lists/);
    assert.equal(problemOf('sql.count + 1 == 2'), '');
  });

  it('can not give a loop variable the name of a fact', () =>
    assert.match(problemOf('identity.groups.exists(params, params == "x")'), /has the name of the fact params/));
  it('can not read the statement inside a loop', () =>
    assert.match(problemOf('sql.statements.exists(s, sql.normalized.contains(s.kind))'), /inside a loop/));

  it('run their patterns in linear time, and stop at their budget', () => {
    const compiled = compileCondition('params.exists(p, p.matches("^(a+)+$"))', 'postgres');
    assert.ok('condition' in compiled);
    const long = operation(sqlFacts([{}], { parameters: 1 }), { params: [`${'a'.repeat(50_000)}!`] });
    assert.deepEqual(compiled.condition.evaluate(ruleContext(long)), { matched: false });
    const longer = operation(sqlFacts([{}], { parameters: 1 }), { params: [`${'a'.repeat(5_000_000)}!`] });
    assert.match(compiled.condition.evaluate(ruleContext(longer)).error ?? '', /too long/);
  });

  it('have no way to the functions that were left out', () => {
    for (const expression of [
      'cel.bind(x, 1, x == 1)',
      'b"x".json() == {}',
      'timestamp("2024-01-01T00:00:00Z") < timestamp("2025-01-01T00:00:00Z")',
      'duration("1s") == duration("1s")',
      '"a".matches_linear("b")',
      '"a,b".split(",").size() == 2',
      'type(1) == int',
      'dyn(1) == 1',
    ]) {
      assert.match(problemOf(expression), /there is no function/, expression);
    }
  });
});
