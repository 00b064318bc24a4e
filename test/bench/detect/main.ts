import { machineMade } from './machine.js';
import { quality } from './quality.js';
import { speed } from './speed.js';

/** `npm run bench:detect`: how good per kind on the labelled set, then how fast. `--wrong` lists what was missed and what was false. */
const percent = (n: number): string => (Number.isNaN(n) ? '–' : n.toFixed(3));

function printQuality(): void {
  const { texts, negatives, byKind, wrong } = quality();
  console.log(`${texts} labelled texts, ${negatives} of them without anything to find\n`);
  console.log('| kind | tp | fp | fn | precision | recall | F1 |\n| --- | ---: | ---: | ---: | ---: | ---: | ---: |');
  const total = { tp: 0, fp: 0, fn: 0 };
  for (const [kind, c] of [...byKind, ['all', total] as const].sort(([a], [b]) => (a === 'all' ? 1 : b === 'all' ? -1 : a < b ? -1 : 1))) {
    if (kind !== 'all') for (const key of ['tp', 'fp', 'fn'] as const) total[key] += c[key];
    const precision = c.tp / (c.tp + c.fp);
    const recall = c.tp / (c.tp + c.fn);
    console.log(
      `| ${kind} | ${c.tp} | ${c.fp} | ${c.fn} | ${percent(precision)} | ${percent(recall)} | ${percent((2 * precision * recall) / (precision + recall))} |`,
    );
  }
  const machine = machineMade();
  const alarms = [...machine.found].map(([kind, n]) => `${n} ${kind}`).join(', ');
  console.log(`\nFalse alarms in ${(machine.bytes / 1e6).toFixed(1)} MB of machine-made JSON: ${alarms === '' ? 'none' : alarms}`);
  if (process.argv.includes('--wrong')) for (const line of wrong) console.log(line);
}

function printSpeed(): void {
  console.log('\n| text | what | MB per CPU second |\n| --- | --- | ---: |');
  for (const { text, what, mbPerSecond } of speed()) console.log(`| ${text} | ${what} | ${mbPerSecond.toFixed(0)} |`);
}

printQuality();
if (!process.argv.includes('--quality')) printSpeed();
