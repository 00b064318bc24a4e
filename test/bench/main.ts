import { appendFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { findEnvoy } from '../../extproc/process/envoy.js';
import { packageRoot } from '../../extproc/process/places.js';
import { openDatabase, seed, unseed } from './database.js';
import { onStop, stopAll, stopOnSignals, stopping } from './lifetime.js';
import { describeMachine, versionOf } from './machine.js';
import { type BenchOptions, parseOptions, type TargetName, usage } from './options.js';
import { findPgbench } from './pgbench.js';
import { printProfiles } from './profile.js';
import { type Measurement, markdown, type Report, summarise } from './report.js';
import { startTarget, type Target, type TargetOptions } from './targets.js';
import { warmUp } from './warm-up.js';
import { type Workload, workloads } from './workloads/index.js';

const say = (line: string): void => void process.stderr.write(`${line}\n`);

async function main(): Promise<void> {
  const options = parseOptions(process.argv.slice(2));
  if (options === 'help') return void process.stdout.write(usage);
  const root = packageRoot();
  const machine = describeMachine(root);
  const pgbench = findPgbench();
  const envoy = await findEnvoy({ log: say });
  const postgres = await openDatabase(say);
  onStop('PostgreSQL', () => postgres.stop());
  say('filling the tables');
  await seed(postgres.url);
  const unseeded = onStop('the tables', () => unseed(postgres.url));
  const run = new Run(
    options,
    {
      database: postgres.url,
      policy: resolve(options.policy ?? join(root, 'test', 'bench', 'policy.yaml')),
      profile: profileFolder(options),
      log: () => undefined,
    },
    pgbench,
  );
  if (!pgbench) run.notes.push('pgbench is not on this machine: select-only, 100-row reads and connection set-up were left out.');
  await run.all(workloads({ options, pgbench }));
  const report: Report = {
    at: `${new Date().toISOString().slice(0, 16).replace('T', ' ')} UTC`,
    machine,
    versions: {
      Envoy: envoy.version,
      PostgreSQL: postgres.version,
      pgbench: pgbench ? (versionOf(pgbench)?.replace(/^pgbench \(PostgreSQL\) /, '') ?? '') : 'absent',
    },
    options: `${options.rounds} round(s) of fresh processes, ${options.seconds} s for each pgbench run, ${options.warm_seconds} s for each of five that warm a target up${options.policy ? `, policy ${options.policy}` : ''}${options.profile ? ', CPU profiles on' : ''}.`,
    rows: summarise(run.measurements, options.targets),
    failures: run.failures,
    notes: run.notes,
  };
  await unseeded();
  process.stdout.write(options.json ? `${JSON.stringify(report)}\n` : `\n${markdown(report)}\n`);
  if (options.record && report.rows.length > 0) appendResult(join(root, 'test', 'bench', 'RESULTS.md'), markdown(report));
  if (options.profile) printProfiles(options.profile, say);
  if (run.failures.length > 0) process.exitCode = 1;
}

function profileFolder({ profile }: BenchOptions): string | undefined {
  if (profile === undefined) return undefined;
  mkdirSync(profile, { recursive: true });
  return resolve(profile);
}

function appendResult(file: string, section: string): void {
  if (!existsSync(file)) writeFileSync(file, '# Measured\n\nSections are appended by the benchmarks; each says on what it was measured.\n');
  appendFileSync(file, `\n${section}\n`);
  say(`appended to ${file}`);
}

/** Rounds of targets in fresh processes; what fails is told and does not end the run. */
class Run {
  readonly measurements: Measurement[] = [];
  readonly failures: string[] = [];
  readonly notes: string[] = [];

  constructor(
    private readonly options: BenchOptions,
    private readonly targetOptions: TargetOptions,
    private readonly pgbench: string | undefined,
  ) {}

  async all(list: readonly Workload[]): Promise<void> {
    const shared = list.filter((workload) => !workload.fresh);
    const fresh = list.filter((workload) => workload.fresh);
    for (let round = 1; round <= this.options.rounds && shared.length > 0 && !stopping(); round++) {
      say(`round ${round} of ${this.options.rounds}: starting ${this.options.targets.join(', ')}`);
      const targets = await this.start(this.options.targets);
      for (const target of targets)
        await this.attempt(`warming up ${target.name}`, () => warmUp(target, this.options.warm_seconds, this.pgbench));
      for (const [i, workload] of shared.entries()) await this.inTurn(workload, targets, round, i);
      for (const target of targets) await target.stop();
    }
    // Peaks do not vary as speeds do: once is enough, and a result of gigabytes takes its time.
    for (const workload of fresh) for (const name of this.options.targets) await this.alone(workload, name);
  }

  private async start(names: readonly TargetName[]): Promise<Target[]> {
    const targets: Target[] = [];
    for (const name of names) {
      const target = await this.attempt(`starting ${name}`, () => startTarget(name, this.targetOptions));
      if (target) targets.push(target);
    }
    return targets;
  }

  /** Each workload and round begins with another target, so that none is always the first. */
  private async inTurn(workload: Workload, targets: readonly Target[], round: number, offset: number): Promise<void> {
    const first = (round - 1 + offset) % Math.max(1, targets.length);
    for (const target of [...targets.slice(first), ...targets.slice(0, first)]) await this.measure(workload, target, round);
  }

  private async alone(workload: Workload, name: TargetName): Promise<void> {
    if (workload.targets && !workload.targets(name)) return;
    const [target] = await this.start([name]);
    if (!target) return;
    await this.measure(workload, target, 1);
    await target.stop();
  }

  private async measure(workload: Workload, target: Target, round: number): Promise<void> {
    if (stopping() || (workload.targets && !workload.targets(target.name))) return;
    const sample = await this.attempt(`${workload.name} on ${target.name}`, () => workload.run(target));
    if (!sample) return;
    this.measurements.push({ workload: workload.name, title: workload.title, target: target.name, round, sample });
    const peaks = workload.fresh
      ? `; peaks: gateway ${Math.round(sample['gateway_peak_mib']!)} MiB, Envoy ${Math.round(sample['envoy_peak_mib']!)} MiB`
      : '';
    say(`  ${workload.name.padEnd(24)} ${target.name.padEnd(26)} ${sample.rate.toFixed(1).padStart(12)}${peaks}`);
  }

  private async attempt<T>(what: string, work: () => Promise<T>): Promise<T | undefined> {
    if (stopping()) return undefined;
    try {
      return await work();
    } catch (error) {
      if (stopping()) return undefined;
      const failure = `${what}: ${error instanceof Error ? error.message : String(error)}`;
      this.failures.push(failure);
      say(`  FAILED ${failure}`);
      return undefined;
    }
  }
}

stopOnSignals();
try {
  await main();
} catch (error) {
  if (!stopping()) say(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
} finally {
  await stopAll();
}
process.exit();
