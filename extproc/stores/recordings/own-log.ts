import { join } from 'node:path';
import { MidstreamError } from '../../../filters/errors.js';
import { type Lock, takeLock } from './lock.js';
import { MerkleLog } from './merkle-log.js';
import { belongsTo, logName } from './names.js';
import { type LogPlace, nextNumber, type RecoveryReport, recoverLog } from './recovery.js';
import type { SigningKey } from './signing-key.js';
import { type Clock, fileNames, type RecordingFs } from './world.js';

const SLOTS_MAX = 64;

/** The log that this process writes, locked. */
export interface OwnLog extends LogPlace {
  lock: Lock;
  number: number;
}

/** Where a log is looked for; `recovered` takes what was found on the way. */
interface Place {
  fs: RecordingFs;
  directory: string;
  signing: SigningKey;
  clock: Clock;
  recovered: RecoveryReport[];
  compress: 'zstd' | 'none';
}

/** The first log of this worker that is free and sound; dead ones on the way are recovered. */
export async function ownLog(place: Place, worker: number): Promise<OwnLog> {
  for (let slot = 1; slot <= SLOTS_MAX; slot++) {
    const own = await lockAndRecover(place, logName(worker, slot));
    if (own) return own;
  }
  throw new MidstreamError('unavailable', `worker ${worker} finds none of its ${SLOTS_MAX} logs free in ${place.directory}`);
}

/** Undefined: another has it, or it is not as a writer leaves it, which `recovered` then says. */
export async function lockAndRecover(
  { fs, directory, signing, clock, recovered, compress }: Place,
  log: string,
): Promise<OwnLog | undefined> {
  const odd = fileNames(fs, directory).others.find((name) => belongsTo(log, name));
  const leave = (problem: string): void => void recovered.push({ log, segment: '', cut_bytes: 0, sessions: [], problem });
  if (odd !== undefined) {
    leave(`${join(directory, odd)} is no file, so this log is left alone`);
    return undefined;
  }
  const lock = takeLock(fs, directory, log);
  if (lock === undefined) return undefined;
  try {
    const { merkle, leaves } = MerkleLog.open(fs, directory, log, signing, () => clock.wall_ms());
    const place = { fs, directory, log, merkle, compress };
    const report = await recoverLog(place, leaves, () => clock.wall_ms());
    if (report.cut_bytes > 0 || report.sessions.length > 0) recovered.push(report);
    return { ...place, lock, number: nextNumber(place, leaves) };
  } catch (error) {
    lock.giveUp();
    if (!(error instanceof MidstreamError) || error.code !== 'tampered') throw error;
    // It stays as evidence; recording goes on in another log.
    leave(error.message);
    return undefined;
  }
}
