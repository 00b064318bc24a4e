/** `npm run bench:http`: HTTP before nothing, before Envoy alone, before an echo and before the gateway. Ratios are taken within one run. */
import { parseArgs } from 'node:util';
import { onStop, stopAll, stopOnSignals } from '../lifetime.js';
import { printProfiles } from '../profile.js';
import { type HttpTargetName, httpTargets, startHttpTarget, startServer } from './targets.js';
import { big, events, held, type Row, small, warmUp } from './workloads.js';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '3' },
    only: { type: 'string', default: '' },
    targets: { type: 'string', default: httpTargets.join() },
    quick: { type: 'boolean', default: false },
    // seconds of small requests before anything is measured
    warm: { type: 'string' },
    profile: { type: 'string' },
  },
});
const say = (line: string): void => void process.stderr.write(`${line}\n`);
const seconds = Number(values.seconds);
const warm_seconds = Number(values.warm ?? (values.quick ? 2 : 20));
const wanted = (name: string): boolean => values.only === '' || values.only.split(',').some((start) => name.startsWith(start));

stopOnSignals();
const server = await startServer();
onStop('the server', server.stop);
const rows: Row[] = [];
try {
  for (const name of values.targets.split(',') as HttpTargetName[]) {
    if (!httpTargets.includes(name)) throw new Error(`there is no target ${name}; they are ${httpTargets.join(', ')}`);
    say(name);
    const target = await startHttpTarget(name, server.port, values.profile);
    await warmUp(target, warm_seconds);
    if (wanted('small')) for (const connections of values.quick ? [8] : [1, 8, 64]) rows.push(await small(target, connections, seconds));
    if (wanted('big')) for (const mb of values.quick ? [10] : [10, 200]) rows.push(await big(target, mb));
    if (wanted('events')) rows.push(await events(target, values.quick ? 50 : 400));
    if (wanted('held') && name === 'midstream') rows.push(await held(target, values.quick ? 100 : 1000));
    await target.stop();
  }
} finally {
  await stopAll();
  // what there is of it, where one failed
  process.stdout.write(table(rows));
}
if (values.profile !== undefined) printProfiles(values.profile, say);

/** One table; what is compared stands beside the echo of the same run. */
function table(all: readonly Row[]): string {
  const heads = ['workload', 'before', 'result', 'to the echo', 'gateway CPU', 'Envoy CPU', 'gateway peak MiB', 'Envoy peak MiB'];
  const mib = (value: number | undefined): string => (value === undefined || value === 0 ? '' : String(Math.round(value)));
  const lines = [...new Set(all.map(({ workload }) => workload))].flatMap((workload) => {
    const some = all.filter((row) => row.workload === workload);
    const echo = some.find(({ target }) => target === 'echo');
    return some.map((row) => [
      ...[workload, row.target, row.result, toEcho(row, echo), row.gateway, row.envoy],
      ...[mib(row.peak_mib), mib(row.envoy_peak_mib)],
    ]);
  });
  return [heads, heads.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |\n`).join('');
}

function toEcho({ compared }: Row, echo: Row | undefined): string {
  const other = echo?.compared?.value;
  if (compared === undefined || other === undefined) return '';
  if (compared.by === 'rate') return (compared.value / other).toFixed(2);
  return `${compared.value < other ? '' : '+'}${(compared.value - other).toFixed(2)} ms`;
}
