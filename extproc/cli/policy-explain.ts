import { explain, type MaskExplained, type RuleExplained } from '../../filters/policy/explain.js';
import type { CompiledPolicy } from '../../filters/policy/index.js';
import type { Decision, HttpOperation, Identity, McpOperation, OperationFacts, PostgresOperation } from '../../filters/policy/types.js';
import type { SqlFacts, StatementFacts } from '../../filters/sql/facts.js';
import { bold, cyan, dim, green, line, printable, printJson, red, yellow } from './io.js';

/** Prints what a policy decides about one operation, and why: verdict, facts, rules part by part, masks. */
export function printExplanation(policy: CompiledPolicy, facts: OperationFacts, json: boolean): void {
  const decision = policy.decide(facts);
  const { rules, masks } = explain(policy, facts);
  if (json) {
    printJson({ policy_version: policy.version, decision, facts, rules, masks });
    return;
  }
  printVerdict(decision);
  printFacts(facts);
  printRules(rules, decision);
  printMasks(masks);
}

function printVerdict(decision: Decision): void {
  const paint = decision.verdict === 'deny' ? red : decision.verdict === 'approve' ? yellow : green;
  line(`${bold(paint(decision.verdict))}${decision.rule === '' ? '' : ` by ${decision.rule}`}`);
  if (decision.message !== '') line(`  ${printable(decision.message)}`);
  if (decision.hint !== '') line(`  ${printable(decision.hint)}`);
  const { approval } = decision;
  if (approval === undefined) return;
  line(
    `  approvers: ${approval.by.length === 0 ? 'any' : approval.by.join(', ')}, ${approval.quorum} needed, held for at most ${approval.wait_ms / 1000} s`,
  );
  if (approval.respond === 'accepted') line('  the client is told 202 and asks again');
  if (approval.lease !== undefined)
    line(`  lease: same ${approval.lease.same}, ${approval.lease.uses} uses within ${approval.lease.for_ms / 1000} s`);
}

function printFacts(facts: OperationFacts): void {
  line(`\n${bold('Facts')}`);
  printIdentity(facts.identity);
  if (facts.on === 'postgres') printSql(facts);
  else if (facts.on === 'kubernetes') printNamed('k8s', facts.k8s);
  else if (facts.on === 'terminal') printNamed('terminal', facts.terminal);
  else if (facts.on === 'websocket') printNamed('message', facts.message);
  else if (facts.on === 'http') printRequest(facts);
  else printMessage(facts);
}

function printMessage({ mcp, also = [] }: McpOperation): void {
  printNamed('mcp', mcp);
  if (also.length > 0) line(`  ${dim(`judged too as: ${printable(also.map(({ uri }) => uri).join(', '))}`)}`);
}

function printRequest({ http, sql, params, also = [] }: HttpOperation): void {
  printNamed('http', http);
  const others = new Set(also.map((one) => `${one.http.method} ${one.http.path}`));
  others.delete(`${http.method} ${http.path}`);
  if (others.size > 0) line(`  ${dim(`judged too as: ${printable([...others].join(', '))}`)}`);
  if (sql !== undefined) printSql({ sql, params });
}

function printIdentity({ id, kind, groups }: Identity): void {
  line(`  identity ${printable(id)} (${kind}), groups: ${groups.length === 0 ? 'none' : printable(groups.join(', '))}`);
}

function printNamed(on: string, facts: object): void {
  for (const [name, value] of Object.entries(facts)) {
    if (
      value === '' ||
      value === undefined ||
      value === null ||
      value === false ||
      value === -1 ||
      (typeof value === 'object' && value !== null && Object.keys(value).length === 0)
    )
      continue;
    line(`  ${cyan(`${on}.${name}`)} ${printable(typeof value === 'string' ? value : JSON.stringify(value))}`);
  }
}

function printSql({ sql, params }: { sql: SqlFacts; params?: PostgresOperation['params'] }): void {
  if (sql.unparsed !== '') line(`  unparsed: ${printable(sql.unparsed)}`);
  if (params !== undefined && (params.length > 0 || sql.parameters > 0)) line(`  params: ${printable(JSON.stringify(params))}`);
  sql.statements.forEach((statement, i) => {
    line(`  ${cyan(`statements[${i}]`)} ${printable(statementInWords(statement))}`);
    for (const [field, value] of details(statement)) line(`      ${dim(field.padEnd(14))} ${printable(value)}`);
  });
}

const statementInWords = ({ kind, object, within }: StatementFacts) =>
  `${kind}${object === '' ? '' : ` ${object}`}${within === 'top' ? '' : ` (within ${within})`}`;

/** The fields that say something, lists one element after the other. */
function details(statement: StatementFacts): [string, string][] {
  const dotted = (...parts: string[]) => parts.filter((part) => part !== '').join('.');
  const rows: [string, string][] = [
    ['objects', statement.objects.map((o) => `${o.access} ${o.type} ${dotted(o.schema, o.name)}`).join('; ')],
    ['columns', statement.columns.map((c) => `${c.use} ${dotted(c.schema, c.table, c.column)}`).join('; ')],
    ['functions', statement.functions.map((f) => `${dotted(f.schema, f.name)} (${[f.origin, ...f.reaches].join(', ')})`).join('; ')],
    ['reaches', statement.reaches.join(', ')],
    ['writes', statement.writes ? 'true' : ''],
    ['filtered', statement.filtered ? '' : 'false'],
    ['limit', statement.kind === 'select' ? String(statement.limit) : ''],
    ['copy', [statement.copy_direction, statement.copy_target].filter((part) => part !== '').join(' ')],
    ['setting', statement.setting === '' ? '' : `${statement.setting} = ${statement.setting_value}`],
    ['name', statement.name],
    ['analyze', statement.analyze ? 'true' : ''],
    ['weakens', statement.weakens.join(', ')],
    ['opaque', statement.opaque.join('; ')],
  ];
  return rows.filter(([, value]) => value !== '');
}

function printRules(rules: readonly RuleExplained[], decision: Decision): void {
  line(`\n${bold('Rules')}`);
  const matched = rules.filter((rule) => rule.outcome === 'matched');
  for (const match of decision.matches.filter((one) => one.rule.startsWith('default:')))
    line(`  ${green('matched')} ${match.rule}: ${match.verdict}`);
  for (const rule of matched) {
    line(
      `  ${green('matched')} ${rule.rule}: ${rule.verdict}${rule.mode === 'observe' ? ' (observed only)' : ''} ${dim(`line ${rule.line}`)}`,
    );
    if (rule.error !== '') line(`      ${yellow('could not be evaluated, so it counts as matched:')} ${printable(rule.error)}`);
    for (const part of rule.parts) printPart(part);
  }
  const others = rules.filter((rule) => rule.outcome !== 'matched');
  for (const rule of others) line(dim(`  ${rule.outcome}: ${rule.rule}`));
  if (rules.length === 0) line(dim('  none'));
}

function printPart(part: RuleExplained['parts'][number]): void {
  line(`      ${printable(part.value.padEnd(6))} ${printable(part.expression)}`);
  for (const element of part.elements) {
    const said =
      JSON.stringify(element, (_key, value: unknown) =>
        value === '' || (Array.isArray(value) && value.length === 0) ? undefined : value,
      ) ?? '';
    line(dim(`             ${printable(said.length > 200 ? `${said.slice(0, 200)}…` : said)}`));
  }
}

function printMasks(masks: readonly MaskExplained[]): void {
  line(`\n${bold('Masks')}`);
  if (masks.length === 0) line(dim('  none'));
  for (const mask of masks) {
    const why = mask.unless === '' ? '' : dim(`unless ${printable(mask.unless)}${mask.error === '' ? '' : `: ${mask.error}`}`);
    line(`  ${mask.inForce ? green('in force') : dim('lifted  ')} ${mask.mask} ${why}`);
  }
}
