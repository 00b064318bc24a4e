import { join } from 'node:path';
import { MidstreamError } from '../../../../filters/errors.js';
import { type Checkpoint, parseCheckpoint } from '../../../../filters/record/checkpoint.js';
import { openNote, parseNote } from '../../../../filters/record/signed-note.js';
import type { LockState } from '../lock.js';
import { checkpointName, checkpointsName, type LogFiles } from '../names.js';
import type { RecordingFs } from '../world.js';
import type { Report } from './report.js';

export interface SignedHead extends Checkpoint {
  file: string;
  line: number;
}

/** The origin's last part is the log. */
export const logOfOrigin = (origin: string): string => origin.slice(origin.lastIndexOf('/') + 1);

/** Opens a note that must carry one signature, by one of these keys; throws tampered. */
export function openCheckpoint(note: string, keys: readonly Buffer[]): Checkpoint {
  const { text, signatures } = parseNote(note);
  const checkpoint = parseCheckpoint(text);
  if (signatures.length !== 1) throw new MidstreamError('tampered', 'the checkpoint has not one signature');
  let last: unknown = new MidstreamError('tampered', 'no key to verify the checkpoint with');
  for (const key of keys) {
    try {
      openNote(note, checkpoint.origin, key);
      return checkpoint;
    } catch (error) {
      last = error;
    }
  }
  throw last;
}

/** Every checkpoint of a log that is what it claims; the rest is reported. */
export function readCheckpoints(
  fs: RecordingFs,
  directory: string,
  files: LogFiles,
  lock: LockState,
  keys: readonly Buffer[],
  report: Report,
  notes: string[],
): SignedHead[] {
  const file = checkpointsName(files.log);
  const content = files.checkpoints ? fs.readFileSync(join(directory, file), 'utf8') : '';
  const lines = content.split('\n');
  const torn = lines.pop() ?? '';
  if (torn !== '') {
    if (lock === 'none') report({ kind: 'truncated', file, line: lines.length + 1, what: 'the list of checkpoints ends within a line' });
    else notes.push(`${file} ends within a line: its writer died or is writing`);
  }
  const heads: SignedHead[] = [];
  const stored: string[] = [];
  for (const [i, line] of lines.entries()) {
    try {
      const { n, note } = JSON.parse(line) as { n: number; note: string };
      if (JSON.stringify({ n, note }) !== line) throw new MidstreamError('tampered', 'a line that the gateway does not write so');
      stored.push(note);
      if (n !== i)
        report({ kind: n > i ? 'missing' : 'reordered', file, line: i + 1, what: `checkpoint ${n} stands where checkpoint ${i} belongs` });
      const head = openCheckpoint(note, keys);
      if (logOfOrigin(head.origin) !== files.log) throw new MidstreamError('tampered', `a checkpoint of ${head.origin}`);
      const before = heads.at(-1)?.size ?? -1;
      if (head.size <= before)
        report({
          kind: 'reordered',
          file,
          line: i + 1,
          what: `the checkpoint's size ${head.size} is not above that of the one before, ${before}`,
        });
      heads.push({ ...head, file, line: i + 1 });
    } catch (error) {
      report({ kind: 'changed', file, line: i + 1, what: `checkpoint ${i}: ${(error as Error).message}` });
    }
  }
  newest(fs, directory, files, lock, stored, report, notes);
  return heads;
}

/** `*.checkpoint` is the last one of the list; a crash may have come between writing the one and the other. */
function newest(
  fs: RecordingFs,
  directory: string,
  files: LogFiles,
  lock: LockState,
  stored: string[],
  report: Report,
  notes: string[],
): void {
  const file = checkpointName(files.log);
  const crashed = lock !== 'none';
  if (!files.checkpoint) {
    if (stored.length > 1 || (stored.length === 1 && !crashed)) report({ kind: 'missing', file, what: 'the newest checkpoint is gone' });
    if (stored.length === 0 && !crashed) report({ kind: 'missing', file, what: 'the log has no checkpoint' });
    return;
  }
  const note = fs.readFileSync(join(directory, file), 'utf8');
  if (note === stored.at(-1)) return;
  if (crashed && stored.includes(note)) notes.push(`${file} is behind ${checkpointsName(files.log)}: its writer died or is writing`);
  else if (stored.includes(note)) report({ kind: 'reordered', file, what: 'an older checkpoint stands where the newest belongs' });
  else
    report({
      kind: 'changed',
      file,
      what: `the newest checkpoint is not the last one in ${checkpointsName(files.log)}: one of them was changed, or the end of the list is gone`,
    });
}
