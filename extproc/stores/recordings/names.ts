/**
 * Names in a directory of recordings. A *log* is what one writer at a time appends to: `w1` for worker 1, `w1-2` where `w1` was taken
 * (a worker of the old process that is still draining). Each log has
 *
 *   w1.000001.ndjson(.zst)  segments, numbered without gaps; the last may be open
 *   w1.leaves               the leaves of its Merkle tree, one JSON line each
 *   w1.checkpoints          every signed checkpoint, one JSON line each
 *   w1.checkpoint           the newest one, a signed note
 *   w1.lock.N               who is writing; gone when the log was closed in order
 */
export const segmentName = (log: string, number: number): string => `${log}.${String(number).padStart(6, '0')}.ndjson`;
export const leavesName = (log: string): string => `${log}.leaves`;
export const checkpointsName = (log: string): string => `${log}.checkpoints`;
export const checkpointName = (log: string): string => `${log}.checkpoint`;
export const lockName = (log: string, generation: number): string => `${log}.lock.${generation}`;
/** Verifier keys of all logs, one a line. A copy for convenience: who can change recordings can change it too. */
export const KEYS_NAME = 'verifier-keys';

export const logName = (worker: number, slot: number): string => (slot === 1 ? `w${worker}` : `w${worker}-${slot}`);

const segmentShape = /^(w\d+(?:-\d+)?)\.(\d{6,})\.ndjson(\.zst)?$/;
const otherShape = /^(w\d+(?:-\d+)?)\.(leaves|checkpoints|checkpoint|lock\.(\d+))$/;

export interface SegmentFile {
  log: string;
  number: number;
  /** name without .zst */
  segment: string;
  file: string;
  packed: boolean;
}

export function parseSegment(file: string): SegmentFile | undefined {
  const found = segmentShape.exec(file);
  if (found === null) return undefined;
  const packed = found[3] !== undefined;
  return { log: found[1]!, number: Number(found[2]), segment: packed ? file.slice(0, -'.zst'.length) : file, file, packed };
}

/** Whether a name is one of this log's own. */
export const belongsTo = (log: string, name: string): boolean => parseSegment(name)?.log === log || otherShape.exec(name)?.[1] === log;

export interface LogFiles {
  log: string;
  /** by number; where a crash left both forms of one segment, the plain one: it is removed last */
  segments: SegmentFile[];
  locks: number[];
  leaves: boolean;
  checkpoint: boolean;
  checkpoints: boolean;
}

/** What belongs to which log. Other files are left alone. */
export function groupFiles(files: readonly string[]): LogFiles[] {
  const logs = new Map<string, LogFiles>();
  const of = (log: string): LogFiles => {
    const known = logs.get(log) ?? { log, segments: [], locks: [], leaves: false, checkpoint: false, checkpoints: false };
    logs.set(log, known);
    return known;
  };
  for (const file of files) {
    const segment = parseSegment(file);
    if (segment) of(segment.log).segments.push(segment);
    const other = otherShape.exec(file);
    if (other === null) continue;
    const log = of(other[1]!);
    if (other[3] !== undefined) log.locks.push(Number(other[3]));
    else log[other[2] as 'leaves' | 'checkpoint' | 'checkpoints'] = true;
  }
  for (const log of logs.values()) {
    log.segments.sort((a, b) => a.number - b.number || Number(a.packed) - Number(b.packed));
    log.segments = log.segments.filter((segment, i, all) => all[i - 1]?.number !== segment.number);
  }
  return [...logs.values()].sort((a, b) => (a.log < b.log ? -1 : 1));
}
