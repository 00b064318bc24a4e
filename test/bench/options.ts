import { parseArgs } from 'node:util';

export const targetNames = ['direct', 'envoy', 'echo-ext_proc', 'midstream-ext_proc', 'echo-hop', 'midstream-hop'] as const;
export const strictNames = ['midstream-ext_proc-strict', 'midstream-hop-strict'] as const;
/** Only when asked for. */
export const otherNames = ['echo-grpc-js'] as const;
export type TargetName = (typeof targetNames)[number] | (typeof strictNames)[number] | (typeof otherNames)[number];

export interface BenchOptions {
  quick: boolean;
  /** workloads whose names begin with one of these; empty for all */
  only: string[];
  rounds: number;
  /** of one pgbench run */
  seconds: number;
  /** of each pgbench run that warms a target up */
  warm_seconds: number;
  json: boolean;
  targets: TargetName[];
  /** policy of the midstream targets */
  policy: string | undefined;
  /** bytes of the result of the memory workloads */
  memory_bytes: number;
  /** folder for CPU profiles of the gateway; undefined for none */
  profile: string | undefined;
  /** append to RESULTS.md */
  record: boolean;
}

export const usage = `npm run bench -- [options]

  --quick            one short round of fewer cases, to see that all works
  --only NAME,...    workloads whose names begin so: select, reads, bulk, connect, memory
  --targets NAME,... ${targetNames.join(', ')},
                     and with durability strict: ${strictNames.join(', ')};
                     only when asked for: ${otherNames.join(', ')} (network ext_proc by grpc-js)
  --rounds N         rounds, each with fresh processes (3)
  --seconds N        length of one pgbench run (3)
  --warm N           seconds of each of five pgbench runs that warm a target up (4; with --quick 1)
  --policy FILE      for the midstream targets (test/bench/policy.yaml: guard, masks by column and by detector)
  --memory MB        size of the result of the memory workloads (2400)
  --profile DIR      write the gateway's CPU profiles there and print where its time went; numbers are then worse
  --no-record        do not append to test/bench/RESULTS.md
  --json             print one JSON object at the end instead of the table

  DATABASE_URL       take that database instead of an embedded PostgreSQL; a schema midstream_bench is made and dropped

Example: npm run bench -- --only select,bulk --targets direct,echo-hop,midstream-hop --rounds 1
`;

/** Throws with words for the user when an option is unknown or out of range. */
export function parseOptions(argv: string[]): BenchOptions | 'help' {
  const { values } = parseArgs({
    args: argv,
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string', default: '' },
      targets: { type: 'string', default: '' },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      warm: { type: 'string' },
      policy: { type: 'string' },
      memory: { type: 'string' },
      profile: { type: 'string' },
      'no-record': { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return 'help';
  const { quick } = values;
  return {
    quick,
    only: list(values.only),
    rounds: whole('--rounds', values.rounds, quick ? 1 : 3),
    seconds: whole('--seconds', values.seconds, quick ? 1 : 3),
    warm_seconds: whole('--warm', values.warm, quick ? 1 : 4),
    json: values.json,
    targets: values.targets === '' ? [...targetNames, ...(quick ? [] : strictNames)] : list(values.targets).map(targetOf),
    policy: values.policy,
    memory_bytes: whole('--memory', values.memory, quick ? 200 : 2400) * 1e6,
    profile: values.profile,
    record: !values['no-record'],
  };
}

const list = (text: string): string[] =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter(Boolean);

function targetOf(name: string): TargetName {
  const found = [...targetNames, ...strictNames, ...otherNames].find((known) => known === name);
  if (found === undefined)
    throw new Error(`there is no target ${name}; they are ${[...targetNames, ...strictNames, ...otherNames].join(', ')}`);
  return found;
}

function whole(option: string, text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise;
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new Error(`${option} takes a whole number above 0, not ${text}`);
  return value;
}
