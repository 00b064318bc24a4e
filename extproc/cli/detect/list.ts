import { kinds } from '../../../filters/mask/kinds.js';
import { heldMax } from '../../../filters/mask/stream/limits.js';
import type { Kind } from '../../../filters/mask/types.js';
import { bold, cyan, dim, line, printable, printJson } from '../io.js';

/** Every kind with what it is, examples, and how much of an unfinished value a stream holds back. */
export function printKinds(wanted: readonly Kind[], json: boolean): void {
  const known = new Map(kinds.map((one) => [one.kind, one]));
  const shown = wanted.map(
    (kind) => known.get(kind) ?? { kind, group: 'custom' as const, description: 'A kind of the policy', examples: [] },
  );
  if (json) {
    printJson(
      shown.map(({ kind, group, description, examples }) => ({ kind, group, description, examples, held_bytes_max: heldMax(kind) })),
    );
    return;
  }
  for (const group of ['pii', 'secrets', 'custom'] as const) {
    const members = shown.filter((one) => one.group === group);
    if (members.length === 0) continue;
    line(`${bold(group)} ${dim(`${members.length} kinds`)}`);
    const width = Math.max(...members.map(({ kind }) => kind.length));
    for (const { kind, description, examples } of members) {
      line(`  ${cyan(kind.padEnd(width))}  ${description}`);
      for (const example of examples) line(`  ${' '.repeat(width)}  ${dim(printable(example).replaceAll('\n', '\\n'))}`);
    }
  }
}
