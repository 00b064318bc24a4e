import type { Machine } from './machine.js';
import { median } from './statistics.js';
import type { Sample } from './workloads/index.js';

export interface Measurement {
  workload: string;
  title: string;
  target: string;
  round: number;
  sample: Sample;
}

export interface Row {
  workload: string;
  title: string;
  target: string;
  /** rounds that gave a number */
  rounds: number;
  /** medians of the rounds */
  values: Record<string, number>;
  /** medians of the ratios within one round, so that what slows a whole round does not count; NaN without a counterpart */
  of_direct: number;
  of_envoy: number;
  of_echo: number;
}

export interface Report {
  at: string;
  machine: Machine;
  versions: Record<string, string>;
  options: string;
  rows: Row[];
  failures: string[];
  notes: string[];
}

/** One row for each workload and target: workloads as they were measured first, targets as `order` has them. */
export function summarise(measurements: readonly Measurement[], order: readonly string[]): Row[] {
  const groups = new Map<string, Measurement[]>();
  for (const one of measurements) {
    const key = `${one.workload} ${one.target}`;
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  const rate = (workload: string, target: string | undefined, round: number): number =>
    groups.get(`${workload} ${target}`)?.find((one) => one.round === round)?.sample.rate ?? Number.NaN;
  const workloads = [...new Set(measurements.map(({ workload }) => workload))];
  const place = (group: Measurement[]) => {
    const { workload, target } = group[0]!;
    return workloads.indexOf(workload) * order.length + order.indexOf(target);
  };
  const sorted = [...groups.values()].sort((a, b) => place(a) - place(b));
  return sorted.map((group) => {
    const { workload, title, target } = group[0]!;
    const ratio = (to: string | undefined) => median(group.map(({ round, sample }) => sample.rate / rate(workload, to, round)));
    const names = [...new Set(group.flatMap(({ sample }) => Object.keys(sample)))];
    const values = Object.fromEntries(names.map((name) => [name, median(group.map(({ sample }) => sample[name] ?? Number.NaN))]));
    return {
      workload,
      title,
      target,
      rounds: group.length,
      values,
      of_direct: ratio('direct'),
      of_envoy: ratio('envoy'),
      of_echo: ratio(echoOf(target)),
    };
  });
}

function echoOf(target: string): string | undefined {
  if (!target.startsWith('midstream-')) return undefined;
  return target.includes('hop') ? 'echo-hop' : 'echo-ext_proc';
}

const columns: [string, string][] = [
  ['tps', 'tps'],
  ['rows_per_s', 'rows/s'],
  ['mb_per_s', 'MB/s'],
  ['p50_ms', 'p50 ms'],
  ['p95_ms', 'p95 ms'],
  ['p99_ms', 'p99 ms'],
  ['connection_ms', 'connect ms'],
  ['gateway_cpu_us', 'gateway µs/tx'],
  ['envoy_cpu_us', 'Envoy µs/tx'],
  ['mb_per_gateway_core_s', 'MB/s per gateway core'],
  ['gateway_peak_mib', 'gateway peak MiB'],
  ['envoy_peak_mib', 'Envoy peak MiB'],
];

/** A table for each workload, as Markdown that also reads well on a terminal; columns without a number are left out. */
export function tables(rows: readonly Row[]): string {
  const byWorkload = new Map<string, Row[]>();
  for (const row of rows) byWorkload.set(row.title, [...(byWorkload.get(row.title) ?? []), row]);
  return [...byWorkload].map(([title, group]) => `### ${title}\n\n${oneTable(group)}\n`).join('\n');
}

function oneTable(rows: readonly Row[]): string {
  const shown = columns.filter(([name]) => rows.some((row) => !Number.isNaN(row.values[name] ?? Number.NaN)));
  const ratios = (['of_direct', 'of_envoy', 'of_echo'] as const).filter((name) => rows.some((row) => !Number.isNaN(row[name])));
  const header = ['', ...shown.map(([, label]) => label), ...ratios.map((name) => name.replace('_', ' '))];
  const body = rows.map((row) => [
    row.target,
    ...shown.map(([name]) => number(row.values[name])),
    ...ratios.map((name) => fixed(row[name], 2)),
  ]);
  const widths = header.map((label, i) => Math.max(label.length, ...body.map((cells) => cells[i]!.length)));
  const line = (cells: string[]) =>
    `| ${cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join(' | ')} |`;
  const rule = `|${widths.map((width, i) => (i === 0 ? '-'.repeat(width + 2) : `${'-'.repeat(width + 1)}:`)).join('|')}|`;
  return [line(header), rule, ...body.map(line)].join('\n');
}

function number(value: number | undefined): string {
  if (value === undefined || Number.isNaN(value)) return '';
  return value >= 1000 ? Math.round(value).toLocaleString('en-US') : fixed(value, value >= 100 ? 0 : value >= 10 ? 1 : 3);
}

const fixed = (value: number, places: number): string => (Number.isFinite(value) ? value.toFixed(places) : '');

/** The whole report, as a section that can be appended to RESULTS.md. */
export function markdown(report: Report): string {
  const { machine } = report;
  const versions = Object.entries(report.versions)
    .map(([name, version]) => `${name} ${version}`)
    .join(', ');
  return [
    `## ${report.at}: \`npm run bench\``,
    '',
    `${machine.cores} cores (${machine.processor}), ${machine.memory_gib} GiB, ${machine.system}; Node ${machine.node}, ${versions}; commit ${machine.commit}; load before the run ${machine.load}.`,
    `${report.options} Medians of the rounds; ratios are taken within a round.`,
    ...report.notes.map((note) => `\n${note}`),
    ...report.failures.map((failure) => `\nFailed: ${failure}`),
    '',
    tables(report.rows),
  ].join('\n');
}
