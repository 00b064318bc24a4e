import type { CompiledPolicy } from '../../filters/policy/index.js';
import {
  type Judged,
  PolicyReplay,
  type Rejudged,
  type Remasked,
  type Replayed,
  type StatementReaders,
} from '../../filters/policy/replay/index.js';
import { recordedEvents } from '../stores/recordings/query.js';
import { bold, dim, green, line, printJson, red, yellow } from './io.js';
import { type FilterOptions, filterOf, oneLine } from './sessions.js';

export interface ReplayOptions extends FilterOptions {
  exitCode?: boolean;
}

/** What changes in the same way: told once, with how often. */
interface Group {
  first: Replayed;
  times: number;
}

interface Totals {
  sessions: number;
  judged: number;
  same: number;
  refused: number;
  held: number;
  freed: number;
  /** values of answers */
  masked: number;
  unmasked: number;
  not_judged: number;
}

/** Judges what was recorded by a policy, and prints where it decides otherwise than was decided then. */
export async function replayRecordings(
  policy: CompiledPolicy,
  file: string,
  directory: string,
  options: ReplayOptions,
  readers: StatementReaders,
): Promise<void> {
  const report = new Report(options.json === true);
  const replay = new PolicyReplay(policy, readers);
  for await (const event of recordedEvents(directory, filterOf(options))) {
    if (event.type === 'session.open') report.totals.sessions += 1;
    for (const one of replay.push(event)) report.add(one);
  }
  for (const one of replay.end()) report.add(one);
  report.print(file, policy);
  const { refused, held, freed, masked, unmasked } = report.totals;
  if (options.exitCode === true && refused + held + freed + masked + unmasked > 0) process.exitCode = 1;
}

class Report {
  readonly totals: Totals = { sessions: 0, judged: 0, same: 0, refused: 0, held: 0, freed: 0, masked: 0, unmasked: 0, not_judged: 0 };
  private readonly groups = new Map<string, Group>();

  constructor(private readonly json: boolean) {}

  add(one: Replayed): void {
    const { totals } = this;
    if (one.type === 'judged') {
      totals.judged += 1;
      totals[one.change] += 1;
    } else if (one.type === 'masks') totals[one.change] += one.count;
    else totals.not_judged += 1;
    if (one.type === 'judged' && one.change === 'same') return;
    if (this.json) printJson(one);
    else this.group(one);
  }

  print(file: string, policy: CompiledPolicy): void {
    const { totals } = this;
    if (this.json) {
      printJson({ type: 'totals', file, policy_version: policy.version, ...totals });
      return;
    }
    for (const [key, paint] of PARTS) this.printPart(key, paint);
    line(
      `${totals.sessions} sessions, ${totals.judged} operations judged by ${file} (version ${policy.version.slice(0, 12)}): ${totals.refused} newly refused, ${totals.held} newly held, ${totals.freed} freed, ${totals.same} as before; ${totals.masked} values newly masked, ${totals.unmasked} masked no more${totals.not_judged === 0 ? '' : `; ${totals.not_judged} not judged`}`,
    );
  }

  private printPart(part: string, paint: (text: string) => string): void {
    const own = [...this.groups.values()].filter(({ first }) => partOf(first) === part);
    if (own.length === 0) return;
    line(bold(paint(TITLES[part] ?? part)));
    for (const { first, times } of own) {
      line(`  ${clipped(first.text)}${times > 1 ? dim(`  ${times} times`) : ''}`);
      line(
        `    ${reason(first)} ${dim(`${oneLine(first.identity)}, ${oneLine(first.resource)}, session ${first.session} ${first.request}`)}`,
      );
    }
    line('');
  }

  private group(one: Replayed): void {
    const { identity, resource, text } = one;
    const key = JSON.stringify([
      partOf(one),
      identity,
      resource,
      text,
      one.type === 'masks' ? [one.mask, one.column, one.kind] : reason(one),
    ]);
    const known = this.groups.get(key);
    if (known === undefined) this.groups.set(key, { first: one, times: 1 });
    else {
      known.times += 1;
      if (known.first.type === 'masks' && one.type === 'masks') known.first = { ...known.first, count: known.first.count + one.count };
    }
  }
}

const TITLES: Record<string, string> = {
  refused: 'Newly refused',
  held: 'Newly held',
  freed: 'Freed',
  masked: 'Newly masked',
  unmasked: 'Masked no more',
  not_judged: 'Not judged',
};

const PARTS: readonly [part: string, paint: (text: string) => string][] = [
  ['refused', red],
  ['held', yellow],
  ['freed', green],
  ['masked', green],
  ['unmasked', red],
  ['not_judged', dim],
];

const TEXT_UNITS_MAX = 200;

const clipped = (text: string): string => oneLine(text.length > TEXT_UNITS_MAX ? `${text.slice(0, TEXT_UNITS_MAX)}…` : text);

const partOf = (one: Replayed): string => (one.type === 'not_judged' ? one.type : one.change);

function reason(one: Replayed): string {
  if (one.type === 'not_judged') return one.why;
  return one.type === 'judged' ? verdicts(one) : values(one);
}

const verdicts = ({ was, now }: Rejudged): string => `${said(now)}, was ${said(was)}`;

const said = ({ verdict, rule }: Judged): string => (rule === '' ? verdict : `${verdict} by ${oneLine(rule)}`);

function values({ mask, column, kind, count, change }: Remasked): string {
  const where = column === '' ? '' : ` in ${oneLine(column)}`;
  const what = kind === '' || kind === 'column' ? '' : ` ${kind}`;
  return `${count}${what}${where} ${change === 'masked' ? `by ${oneLine(mask)}` : `(then by ${oneLine(mask)})`}`;
}
