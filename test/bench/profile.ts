import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What `node --cpu-prof` writes, as far as it is read here. Times in microseconds. */
interface CpuProfile {
  nodes: { id: number; callFrame: { functionName: string; url: string; lineNumber: number }; children?: number[] }[];
  samples: number[];
  timeDeltas: number[];
}

export interface Hot {
  name: string;
  /** of the time in which the process was not idle */
  self_share: number;
}

const SHOWN = 40;

/** Functions by their own time, the idle time left out. */
export function hottest(profile: CpuProfile): Hot[] {
  const names = new Map(profile.nodes.map(({ id, callFrame }) => [id, nameOf(callFrame)]));
  const times = new Map<string, number>();
  let busy = 0;
  for (const [i, id] of profile.samples.entries()) {
    const name = names.get(id)!;
    if (name === '(idle)') continue;
    const time = Math.max(0, profile.timeDeltas[i] ?? 0);
    busy += time;
    times.set(name, (times.get(name) ?? 0) + time);
  }
  return [...times].map(([name, time]) => ({ name, self_share: time / busy })).sort((a, b) => b.self_share - a.self_share);
}

function nameOf({ functionName, url, lineNumber }: CpuProfile['nodes'][number]['callFrame']): string {
  const place = url.replace(/^file:\/\//, '').replace(/^.*\/(?:dist|node_modules)\//, '');
  return place ? `${functionName || '(anonymous)'} ${place}:${lineNumber + 1}` : functionName || '(anonymous)';
}

/** The top of every profile in a folder. */
export function printProfiles(folder: string, say: (line: string) => void): void {
  for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.cpuprofile'))
    .sort()) {
    say(`\n${file}`);
    const profile = JSON.parse(readFileSync(join(folder, file), 'utf8')) as CpuProfile;
    for (const { name, self_share } of hottest(profile).slice(0, SHOWN)) say(`${(self_share * 100).toFixed(1).padStart(6)} %  ${name}`);
  }
}
