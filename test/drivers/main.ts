import { MidstreamError } from '../../filters/errors.js';
import { stopAll, stopOnSignals } from '../bench/lifetime.js';
import type { Counts, SuiteContext } from './context.js';
import { checkMasks } from './control.js';
import { type Gateway, startGateway } from './gateway.js';
import { type DriverOptions, parseOptions, type Transport, usage } from './options.js';
import { compare, nameOf, type Result, tableOf, totalOf } from './report.js';
import { type Server, startServer } from './server.js';
import { type Suite, suites } from './suites.js';
import { defaultWorkFolder } from './work-folder.js';

interface Target {
  name: string;
  /** undefined: the server itself */
  gateway: { transport: Transport; masks: boolean } | undefined;
}

const say = (line: string): void => void process.stderr.write(`${line}\n`);

async function main(): Promise<void> {
  const names = suites.map(({ name }) => name);
  const options = parseOptions(process.argv.slice(2), names);
  if (options === 'help')
    return void process.stdout.write(usage.replace('SUITES', names.join(', ')).replace('WORK)', `${defaultWorkFolder()})`));
  stopOnSignals();
  const chosen = suites.filter(({ name, full }) => (options.only.length > 0 ? options.only.includes(name) : options.full || !full));
  say(`PostgreSQL and tools (${options.work})`);
  const server = await startServer(options.work, say);
  const { able, skipped } = sortOut(chosen, options.work);
  const results: Result[] = [];
  for (const target of targetsOf(options)) await runTarget(target, able, { server, options, results });
  const total = totalOf(results);
  if (options.json) process.stdout.write(`${JSON.stringify({ server: server.version, results, skipped, ...total })}\n`);
  else
    process.stdout.write(
      `\n${tableOf(results, skipped)}\n\n${failuresOf(results)}${total.passed} passed, ${total.failed} failed${skipped.length > 0 ? ` (skipped: ${skipped.map(({ suite }) => suite).join(', ')})` : ''}\n`,
    );
  if (total.failed > 0 || total.passed === 0) process.exitCode = 1;
}

/** What can run here, and why the rest can't. */
function sortOut(chosen: readonly Suite[], work: string): { able: Suite[]; skipped: { suite: string; reason: string }[] } {
  const able: Suite[] = [];
  const skipped: { suite: string; reason: string }[] = [];
  for (const suite of chosen) {
    let reason: string | undefined;
    for (const need of suite.needs) reason ??= need(work);
    if (reason === undefined) able.push(suite);
    else {
      skipped.push({ suite: suite.name, reason });
      say(`${suite.name} is skipped: ${reason}`);
    }
  }
  return { able, skipped };
}

function targetsOf({ direct, gateway, masks, transports }: DriverOptions): Target[] {
  const through = (withMasks: boolean): Target[] =>
    transports.map((transport) => ({ name: withMasks ? `${transport} masks` : transport, gateway: { transport, masks: withMasks } }));
  return [
    ...(direct ? [{ name: 'direct', gateway: undefined }] : []),
    ...(gateway && masks !== 'only' ? through(false) : []),
    ...(gateway && masks !== 'no' ? through(true) : []),
  ];
}

interface Run {
  server: Server;
  options: DriverOptions;
  results: Result[];
}

async function runTarget(target: Target, able: readonly Suite[], { server, options, results }: Run): Promise<void> {
  if (able.length === 0) return;
  let gateway: Gateway | undefined;
  for (const suite of able) {
    if (suite.gatewayOnly === true && (target.gateway === undefined || target.gateway.masks)) continue;
    // One suite's crash must not fail those after it; it has failed itself.
    let broken: unknown;
    if (target.gateway && (gateway === undefined || gateway.ended() !== undefined)) {
      try {
        gateway = await startGateway({ ...target.gateway, server });
        await checkMasks({ server, gateway, masks: target.gateway.masks });
      } catch (error) {
        broken = error;
      }
    }
    const context: SuiteContext = {
      work: options.work,
      through: gateway ?? server,
      direct: server,
      version: server.version,
      own: server.own,
      masks: target.gateway?.masks === true,
      transport: target.gateway?.transport,
    };
    say(`${suite.name} (${suite.what}): ${target.name}`);
    const before = process.hrtime.bigint();
    const counts = broken === undefined ? await runSuite(suite, context, gateway) : failedWith(broken);
    const seconds = Number(process.hrtime.bigint() - before) / 1e9;
    const measure = {
      direct: results.find((one) => one.suite === suite.name && one.target === 'direct'),
      expected: server.own ? suite.expected : undefined,
      gaps: (suite.gaps ?? []).filter(({ transport }) => transport === target.gateway?.transport),
    };
    const result: Result = { suite: suite.name, target: target.name, ...counts, seconds, ...compare(counts, measure) };
    // Without the gateway there is nothing that it could lose.
    if (target.gateway === undefined && result.passed > 0) result.lost = 0;
    results.push(result);
    const notes = [
      ...(result.gaps.length > 0 ? [`${result.gaps.length} known gap`] : []),
      ...(result.skipped > 0 ? [`${result.skipped} skipped`] : []),
    ];
    say(`  ${[`${result.passed} passed`, `${result.failed} failed`, ...notes].join(', ')} in ${seconds.toFixed(0)} s`);
  }
  await gateway?.stop();
}

const failedWith = (error: unknown): Counts => ({
  passed: 0,
  failed: 1,
  skipped: 0,
  failures: [error instanceof Error ? error.message : String(error)],
});

async function runSuite(suite: Suite, context: SuiteContext, gateway: Gateway | undefined): Promise<Counts> {
  let counts: Counts;
  try {
    counts = await suite.run(context);
  } catch (error) {
    counts = failedWith(error);
  }
  const ended = gateway?.ended();
  return ended === undefined ? counts : { ...counts, failed: counts.failed + 1, failures: [...counts.failures, ended] };
}

function failuresOf(results: readonly Result[]): string {
  const lines = results.flatMap(({ suite, target, failures, passed, expected, lost, gaps, shared }) => [
    ...failures
      .filter((failure) => !gaps.some(({ test }) => test === nameOf(failure)) && !shared.includes(nameOf(failure)))
      .map((failure) => `${suite}, ${target}: ${failure.trim()}`),
    ...(lost > 0 && failures.length === 0 ? [`${suite}, ${target}: ${expected} pass without the gateway, here ${passed}`] : []),
  ]);
  return lines.length > 0 ? `${lines.join('\n')}\n\n` : '';
}

main()
  .catch((error: unknown) => {
    say(error instanceof Error ? error.message : String(error));
    if (error instanceof MidstreamError && error.hint !== '') say(error.hint);
    process.exitCode = 1;
  })
  .finally(() => stopAll().then(() => process.exit(process.exitCode)));
