import type { Transport } from './options.js';

/** Host and port of something that speaks Postgres. */
export interface Address {
  host: string;
  port: number;
}

/** What a suite is given: where to go, and where the server itself is. */
export interface SuiteContext {
  work: string;
  /** through the gateway; the server itself for the target `direct` */
  through: Address;
  direct: Address;
  /** of the server, like 15.18 */
  version: string;
  /** true when the server is the one of suites/server.sh, whose pg_hba.conf asks some roles for passwords */
  own: boolean;
  /** the gateway has masks, over a column that no suite touches */
  masks: boolean;
  /** undefined for the target `direct` */
  transport: Transport | undefined;
}

export interface Counts {
  passed: number;
  failed: number;
  skipped: number;
  /** one line each, of what failed */
  failures: string[];
}

/** The server's superuser; it lets everybody in who comes from this machine. */
export const USER = 'postgres';

/** Runs named cases one after the other and counts them. */
export async function countCases(cases: readonly { name: string; run: () => Promise<void> }[], wait_ms_max = 120_000): Promise<Counts> {
  const counts: Counts = { passed: 0, failed: 0, skipped: 0, failures: [] };
  for (const { name, run } of cases) {
    try {
      await within(wait_ms_max, run());
      counts.passed++;
    } catch (error) {
      counts.failed++;
      counts.failures.push(`${name}: ${(error instanceof Error ? error.message : String(error)).slice(0, 2000)}`);
    }
  }
  return counts;
}

/** Rejects when the work takes longer; the work itself goes on, so its connections must end by themselves. */
export async function within<T>(wait_ms_max: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`it did not end within ${wait_ms_max / 1000} s`)), wait_ms_max);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
