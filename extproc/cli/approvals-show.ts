import { isOpen } from '../../filters/approval/life.js';
import type { GrantedLease, HoldRecord } from '../../filters/approval/types.js';
import { printable, table } from './io.js';

/** What is printed of held operations. All that comes from agents goes through printable(): it can't drive the approver's terminal or make lines of its own. */

const TEXT_WIDTH = 60;

const oneLine = (text: string): string => printable(text).replaceAll('\n', '\\n').replaceAll('\t', '\\t');

function clip(text: string, width: number): string {
  const plain = oneLine(text.replace(/\s+/g, ' ').slice(0, 4 * width));
  return plain.length > width ? `${plain.slice(0, width - 1)}…` : plain;
}

/** 42 s, 12 min, 3.5 h, 2.1 d */
export function duration(ms: number): string {
  const s = Math.max(0, ms) / 1000;
  if (s < 120) return `${Math.floor(s)} s`;
  if (s < 7200) return `${Math.floor(s / 60)} min`;
  return s < 172_800 ? `${(s / 3600).toFixed(1)} h` : `${(s / 86_400).toFixed(1)} d`;
}

const left = (record: HoldRecord, now_ms: number): string => (isOpen(record) ? duration(record.operation.expires_ms - now_ms) : '-');

export const statusOf = (record: HoldRecord): string => (record.released_ms === null ? record.status : 'released');

/** One row for each, under a header. */
export function listText(records: readonly HoldRecord[], now_ms: number): string {
  const rows = records.map((record) => {
    const { operation: op } = record;
    const approvals = `${record.decisions.filter((one) => one.verdict === 'approve').length}/${op.terms.quorum}`;
    return [
      op.hold,
      statusOf(record),
      approvals,
      duration(now_ms - op.created_ms),
      left(record, now_ms),
      clip(op.identity.id, 32),
      clip(op.resource, 24),
      clip(op.rule, 24),
      clip(op.text, TEXT_WIDTH),
    ].map(oneLine);
  });
  return table([['HOLD', 'STATUS', 'YES', 'AGE', 'LEFT', 'WHO', 'RESOURCE', 'RULE', 'OPERATION'], ...rows]);
}

/** What runs by earlier approvals. */
export function leasesText(leases: readonly GrantedLease[], now_ms: number): string {
  const rows = leases.map(({ lease, same, uses_left, expires_ms, operation: op, decisions }) =>
    [
      lease,
      same,
      String(uses_left),
      duration(expires_ms - now_ms),
      clip(op.identity.id, 32),
      clip(decisions.map((one) => one.by).join(', '), 32),
      clip(op.rule, 24),
      clip(op.text, TEXT_WIDTH),
    ].map(oneLine),
  );
  return table([['LEASE', 'SAME', 'USES', 'LEFT', 'WHO', 'APPROVED BY', 'RULE', 'OPERATION'], ...rows]);
}

/** What is only claimed is not said to be proven by its claim. */
const provenBy = ({ kind, proof }: HoldRecord['operation']['identity']): string =>
  proof === 'claimed' ? 'claimed, not proven' : `${kind}, proven by ${proof}`;

/** The whole operation, as an approver has to see it. */
export function recordText(record: HoldRecord, now_ms: number): string {
  const { operation: op } = record;
  const { terms } = op;
  const lease = terms.lease && `approves the same ${terms.lease.same} for ${duration(terms.lease.for_ms)}, ${terms.lease.uses} more times`;
  const fields: [string, string][] = [
    ['hold', op.hold],
    ['status', `${statusOf(record)}${record.reason ? ` (${record.reason})` : ''}`],
    ['who', `${op.identity.id} (${provenBy(op.identity)}) from ${op.identity.source}`],
    ['resource', op.resource],
    ...(op.database === '' && op.user === '' ? [] : ([['database', `${op.database} as ${op.user}`]] as [string, string][])),
    ['rule', `${op.rule}${op.message ? `: ${op.message}` : ''}`],
    ['asked', `${duration(now_ms - op.created_ms)} ago, ${new Date(op.created_ms).toISOString()}`],
    ['time left', left(record, now_ms)],
    ['approval', `${terms.quorum} of ${terms.by.length > 0 ? terms.by.join(', ') : 'any approver'}`],
    ...(lease ? ([['lease', lease]] as [string, string][]) : []),
    ['session', op.session],
    ['policy', op.policy_version],
    ...record.decisions.map((one): [string, string] => [
      one.verdict === 'approve' ? 'approved' : 'denied',
      `by ${one.by}, ${new Date(one.at_ms).toISOString()}${one.comment ? `: ${one.comment}` : ''}`,
    ]),
  ];
  const lines = [
    table(fields.map(([name, value]) => [name, oneLine(value)])),
    '',
    'operation (masked)',
    ...printable(op.text)
      .split('\n')
      .map((text) => `  ${text}`),
  ];
  if (op.params.length > 0)
    lines.push(
      '',
      'parameters (masked)',
      ...op.params.map((value, i) => `  $${i + 1} = ${value === null ? 'NULL' : oneLine(JSON.stringify(value))}`),
    );
  return lines.join('\n');
}

/** One line for a change, as `watch` prints it. */
export function changeLine(record: HoldRecord, at: Date): string {
  const { operation: op, decisions } = record;
  const last = decisions.at(-1);
  const who = last && record.status !== 'cancelled' && record.status !== 'expired' ? ` by ${last.by}` : '';
  const why = record.reason ? ` (${record.reason})` : '';
  const quorum = record.status === 'pending' && decisions.length > 0 ? ` ${decisions.length}/${op.terms.quorum}` : '';
  return oneLine(
    `${at.toISOString()}  ${op.hold}  ${statusOf(record)}${quorum}${who}${why}  ${clip(op.identity.id, 40)}  ${clip(op.rule, 30)}  ${clip(op.text, TEXT_WIDTH)}`,
  );
}
