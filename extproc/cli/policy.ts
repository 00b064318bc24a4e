import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { MidstreamError } from '../../filters/errors.js';
import { type CaseResult, operationOf, type PolicyCase, readCases, runCase } from '../../filters/policy/cases.js';
import { type CompiledPolicy, decodePolicy, policySchema } from '../../filters/policy/index.js';
import { type Analyzer, createAnalyzer, loadParser } from '../../filters/sql/analyze.js';
import { sqlReader } from '../sql-grammars.js';
import { readPolicy } from '../stores/policy-file.js';
import { action, green, line, printable, printJson, red, report, table } from './io.js';
import { described, messageFacts, standardInput } from './policy-asked.js';
import { printExplanation } from './policy-explain.js';
import { type ReplayOptions, replayRecordings } from './policy-replay.js';
import { withFilter } from './sessions.js';

/** `midstream policy …`: what security teams do with a policy before it is enforced. */
export function register(program: Command): void {
  const policy = program
    .command('policy')
    .description('check, test and explain policy files, and replay recordings by them; each command has --json')
    .addHelpText(
      'after',
      `
Examples:
  midstream policy check policy.yaml
  midstream policy test policy.yaml --json
  midstream policy explain policy.yaml --sql 'delete from orders'
  midstream policy replay policy.yaml --since 7d`,
    );
  policy
    .command('check')
    .description('say whether policy files load, and every mistake with its line')
    .argument('<file...>', 'policy files')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  midstream policy check policies/*.yaml')
    .action(action(check));
  policy
    .command('test')
    .description('run the cases beside a policy file (starter.yaml: starter.tests.yaml)')
    .argument('<file...>', 'policy files')
    .option('--cases <file>', 'cases from this file')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  midstream policy test policies/starter.yaml')
    .action(action(test));
  policy
    .command('explain')
    .description('say what a policy decides about a statement, which rules matched, and why')
    .argument('<file>', 'policy file')
    .option('--sql <text>', 'the statement; - reads it from standard input')
    .option('--http <request>', 'in place of it a request: METHOD URL, or a path alone')
    .option('--kube <request>', 'the same, to a Kubernetes API')
    .option('--mcp <message>', 'a message to an MCP server: METHOD and a tool, a prompt or a URI, or all of it as JSON')
    .option('--header <name: value>', 'a header of the request; again for more', collect, [])
    .option('--body <text>', 'its body, or the arguments of a message as JSON; - reads it from standard input')
    .option('--param <value>', 'value of $1, then of $2, … (repeat)', collect, [])
    .option('--as <id>', 'who sends it', 'agent')
    .option('--kind <kind>', 'kind of the identity: spiffe, jwt, service-account, token, password, claimed', 'claimed')
    .option('--age <seconds>', 'how old the proof of the identity is')
    .option('--group <group>', 'a group of the identity (repeat)', collect, [])
    .option('--resource <name>', 'name of the listener (default: postgres, http, kubernetes or mcp)')
    .option('--database <name>', 'database', 'app')
    .option('--user <name>', 'role that the client logged in as', 'app')
    .option('--application <name>', 'application_name', '')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      "\nExample:\n  midstream policy explain policies/starter.yaml --sql 'delete from orders' --as alice --group dba\n  midstream policy explain policy.yaml --http 'POST /v1/payouts' --body '{\"amount\": 5000}'\n  midstream policy explain policies/kubernetes.yaml --kube 'DELETE /api/v1/namespaces/prod'\n  midstream policy explain policies/mcp.yaml --mcp 'tools/call delete_customer' --body '{\"id\": 5}'",
    )
    .action(action(explainStatement));
  withFilter(policy.command('replay'))
    .description('say what a policy would have decided on recorded sessions: newly refused, held, freed, masked')
    .argument('<file>', 'policy file')
    .argument('[recordings]', 'directory of recordings, in place of --record')
    .option('--exit-code', 'end with 1 where something would have been decided or masked otherwise')
    .addHelpText('after', '\nExample:\n  midstream policy replay policies/stricter.yaml --since 7d --identity billing-agent')
    .action(action(replay));
  policy
    .command('schema')
    .description('print the JSON Schema of policy files, for editors')
    .option('--json', 'print it on one line')
    .addHelpText('after', '\nExample:\n  midstream policy schema > policy.schema.json')
    .action((options: { json?: boolean }) => (options.json ? printJson(policySchema) : line(JSON.stringify(policySchema, null, 2))));
}

const collect = (value: string, before: string[]): string[] => [...before, value];

const load = (file: string): Promise<CompiledPolicy> => readPolicy(file);

/** An analyzer with the policy's own limit; what a command looks at is not worth a large cache. */
async function analyzerFor(policy: CompiledPolicy): Promise<Analyzer> {
  await loadParser();
  return createAnalyzer({
    cache_entries_max: 16,
    cache_bytes_max: 16 * 1024 * 1024,
    statement_bytes_max: policy.limits.statement_bytes_max,
  });
}

async function check(files: string[], options: { json?: boolean }): Promise<void> {
  const results: object[] = [];
  for (const file of files) {
    try {
      const policy = await load(file);
      const counts = {
        rules: policy.rules.length,
        observed: policy.rules.filter((rule) => rule.mode === 'observe').length,
        disabled: policy.rules.filter((rule) => !rule.enabled).length,
        masks: policy.masks.length,
      };
      results.push({
        file,
        ok: true,
        version: policy.version,
        transparent: policy.transparent,
        ...counts,
        problems: [],
      });
      if (options.json) continue;
      line(
        `${green('ok')}  ${file}: ${counts.rules} rules (${counts.observed} observed, ${counts.disabled} disabled), ${counts.masks} masks, version ${policy.version.slice(0, 12)}${policy.transparent ? ', changes nothing' : ''}`,
      );
    } catch (error) {
      if (!(error instanceof MidstreamError)) throw error;
      results.push({ file, ok: false, problems: error.message.split('\n') });
      if (options.json) process.exitCode = 65;
      else reportProblems(error);
    }
  }
  if (options.json) printJson({ ok: process.exitCode === undefined, files: results });
}

/** Mistakes one a line, so that editors and CI find file, line and column. */
function reportProblems(error: MidstreamError): void {
  if (error.code !== 'policy_invalid') {
    report(error, false);
    return;
  }
  for (const problem of error.message.split('\n')) process.stderr.write(`${printable(problem)}\n`);
  process.exitCode = 65;
}

const casesBeside = (file: string) => file.replace(/(\.ya?ml)?$/, '.tests.yaml');

async function casesFor(file: string): Promise<(PolicyCase & { line: number })[]> {
  try {
    return readCases(decodePolicy(await readFile(file)), file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      throw new MidstreamError('not_found', `there is no file of cases at ${file}`, {
        hint: 'Write the cases beside the policy, or name their file with --cases.',
      });
    }
    if (error instanceof RangeError) throw new MidstreamError('policy_invalid', `${file}:1:1: ${error.message}; save it as UTF-8`);
    throw error;
  }
}

async function test(files: string[], options: { cases?: string; json?: boolean }): Promise<void> {
  const all: { file: string; cases: CaseResult[] }[] = [];
  for (const file of files) {
    const policy = await load(file);
    const cases = await casesFor(options.cases ?? casesBeside(file));
    const analyzer = await analyzerFor(policy);
    const read = sqlReader(analyzer);
    const results = cases.map((one) => runCase(policy, one, one.sql === undefined ? undefined : analyzer.analyze(one.sql).facts, read));
    all.push({ file, cases: results });
    if (!options.json) printResults(file, results);
  }
  const failed = all.flatMap((one) => one.cases).filter((one) => !one.passed).length;
  if (options.json) printJson({ passed: all.flatMap((one) => one.cases).length - failed, failed, files: all });
  if (failed > 0) process.exitCode = 1;
}

function printResults(file: string, results: readonly CaseResult[]): void {
  const rows = results.map((one) => [
    one.passed ? green('ok  ') : red('FAIL'),
    one.got.verdict,
    printable(one.name),
    one.got.rules.join(', '),
  ]);
  line(table(rows));
  const failed = results.filter((one) => !one.passed);
  for (const one of failed) {
    line(`\n${red('FAIL')} ${printable(one.name)} (line ${one.line})`);
    for (const difference of one.differences) line(`     ${printable(difference)}`);
  }
  line(`\n${file}: ${results.length - failed.length} of ${results.length} cases as expected`);
}

interface ExplainOptions {
  sql?: string;
  http?: string;
  kube?: string;
  mcp?: string;
  header: string[];
  body?: string;
  param: string[];
  as: string;
  kind: string;
  age?: string;
  group: string[];
  resource?: string;
  database: string;
  user: string;
  application: string;
  json?: boolean;
}

async function replay(file: string, recordings: string | undefined, options: ReplayOptions): Promise<void> {
  const policy = await load(file);
  const analyzer = await analyzerFor(policy);
  const readers = { postgres: (sql: string) => analyzer.analyze(sql).facts, dialects: sqlReader(analyzer) };
  await replayRecordings(policy, file, recordings ?? options.record, options, readers);
}

const identityKinds = ['spiffe', 'jwt', 'service-account', 'token', 'password', 'claimed'] as const;

function wholeSeconds(text: string): number {
  if (/^[0-9]{1,9}$/.test(text)) return Number(text);
  throw new MidstreamError('bad_input', `--age can't be ${JSON.stringify(text)}`, { hint: 'Write whole seconds: --age 900.' });
}

async function explainStatement(file: string, options: ExplainOptions): Promise<void> {
  const kind = identityKinds.find((known) => known === options.kind);
  if (kind === undefined)
    throw new MidstreamError('bad_input', `--kind can't be ${JSON.stringify(options.kind)}`, {
      hint: `Use one of: ${identityKinds.join(', ')}.`,
    });
  const given = (['sql', 'http', 'kube', 'mcp'] as const).filter((name) => options[name] !== undefined);
  if (given.length !== 1)
    throw new MidstreamError(
      'bad_input',
      given.length === 0 ? 'none of --sql, --http, --kube and --mcp was given' : `--${given.join(' and --')} were given`,
      {
        hint: `Give one: --sql 'drop database x', --http 'POST /v1/payouts', --kube 'DELETE /api/v1/namespaces/prod', or --mcp 'tools/call shell'.`,
      },
    );
  const policy = await load(file);
  const resource = options.resource === undefined ? {} : { resource: options.resource };
  const as = { id: options.as, kind, groups: options.group, ...(options.age === undefined ? {} : { age_s: wholeSeconds(options.age) }) };
  if (options.http !== undefined) {
    const http = await described(options.http, options);
    const by = { policy, read: sqlReader(await analyzerFor(policy)) };
    printExplanation(policy, operationOf({ http, as, ...resource }, undefined, by), options.json === true);
    return;
  }
  if (options.kube !== undefined) {
    const kubernetes = await described(options.kube, options);
    printExplanation(policy, operationOf({ kubernetes, as, ...resource }, undefined), options.json === true);
    return;
  }
  if (options.mcp !== undefined) {
    const mcp = await messageFacts(options.mcp, options.body, resource.resource ?? 'mcp');
    printExplanation(policy, operationOf({ mcp, as, ...resource }, undefined), options.json === true);
    return;
  }
  const sql = options.sql === '-' ? await standardInput() : options.sql!;
  const { facts: sqlFacts } = (await analyzerFor(policy)).analyze(sql);
  const { database, user, application, param } = options;
  const facts = operationOf(
    {
      sql,
      as,
      ...resource,
      database,
      user,
      application,
      ...(param.length > 0 ? { params: param } : {}),
    },
    sqlFacts,
  );
  printExplanation(policy, facts, options.json === true);
}
