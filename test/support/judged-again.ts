import { sqlReader } from '../../extproc/sql-grammars.js';
import type { CompiledPolicy } from '../../filters/policy/index.js';
import { compilePolicy } from '../../filters/policy/index.js';
import { PolicyReplay, type Replayed } from '../../filters/policy/replay/index.js';
import type { StoredEvent } from '../../filters/record/chain.js';
import { createAnalyzer, loadParser } from '../../filters/sql/analyze.js';

/** What a policy makes of recorded events. */
export async function judgedAgain(policy: string, events: readonly StoredEvent[]): Promise<Replayed[]> {
  await loadParser();
  const compiled: CompiledPolicy = compilePolicy(policy, 'policy.yaml');
  const analyzer = createAnalyzer({
    cache_entries_max: 100,
    cache_bytes_max: 1 << 24,
    statement_bytes_max: compiled.limits.statement_bytes_max,
  });
  const replay = new PolicyReplay(compiled, { postgres: (sql) => analyzer.analyze(sql).facts, dialects: sqlReader(analyzer) });
  return [...events.flatMap((event) => replay.push(event)), ...replay.end()];
}

/** What the same policy decides or masks otherwise than it did when it was recorded. Messages beyond the recorder's limit are not judged again. */
export async function judgedOtherwise(policy: string, events: readonly StoredEvent[]): Promise<Replayed[]> {
  const same = (one: Replayed): boolean =>
    one.type === 'judged' ? one.change === 'same' : one.type === 'not_judged' && one.why.endsWith('not whole in the recording');
  return (await judgedAgain(policy, events)).filter((one) => !same(one));
}
