import { join } from 'node:path';
import { MidstreamError } from '../../../../filters/errors.js';
import { parseVerifierKey } from '../../../../filters/record/signed-note.js';
import { type LockState, lockState } from '../lock.js';
import { groupFiles, KEYS_NAME, type LogFiles } from '../names.js';
import { fileNames, type RecordingFs, realFs } from '../world.js';
import { logOfOrigin, openCheckpoint, readCheckpoints, type SignedHead } from './checkpoints.js';
import { type ExpectedHead, readLeaves } from './leaves.js';
import type { Problem, Report, VerifyReport } from './report.js';
import { checkSegments } from './segments.js';

export type { Problem, VerifyReport } from './report.js';

export interface VerifyOptions {
  /** verifier keys (name+id+base64) from outside; without any, those in the directory are taken, which proves less */
  public_keys?: readonly string[];
  /** checkpoints that were kept elsewhere: what they cover must still be there */
  checkpoints?: readonly string[];
  /** only what concerns this session */
  session?: string;
  fs?: RecordingFs;
}

/**
 * Holds a directory of recordings against its own chains, its Merkle trees and their signatures. Works beside a running gateway.
 * not_found when there is nothing, or not that session; bad_input for keys that are none.
 */
export async function verifyRecordings(directory: string, options: VerifyOptions = {}): Promise<VerifyReport> {
  const fs = options.fs ?? realFs;
  const problems: Problem[] = [];
  const notes: string[] = [];
  const logs = listLogs(fs, directory, (problem) => problems.push({ log: '', line: 0, session: '', seq: -1, ...problem })).map((files) => ({
    files,
    lock: lockState(fs, directory, files.log, files.locks),
  }));
  const reporter =
    (log: string): Report =>
    (problem) =>
      problems.push({ log, file: '', line: 0, session: '', seq: -1, ...problem });
  const { keys, names } = readKeys(fs, directory, options.public_keys ?? [], reporter(''), notes);
  const heads = new Map<string, SignedHead[]>();
  for (const { files, lock } of logs) heads.set(files.log, readCheckpoints(fs, directory, files, lock, keys, reporter(files.log), notes));
  for (const origin of new Set([...heads.values()].flat().map((head) => head.origin))) {
    if (names !== undefined && !names.has(origin))
      reporter(logOfOrigin(origin))({ kind: 'missing', file: KEYS_NAME, what: `the verifier key of ${origin} is gone` });
  }
  const expected = expectedHeads(heads, options.checkpoints ?? [], keys, reporter);
  const counts = { events: 0, segments: 0 };
  const holders = new Map<string, string>();
  for (const { files, lock } of logs) {
    const report = reporter(files.log);
    const leaves = await readLeaves(fs, directory, files, lock, expected.get(files.log) ?? [], report, notes);
    signed(files.log, lock, leaves.size, heads.get(files.log) ?? [], report, notes);
    for (const [session, state] of await checkSegments(fs, directory, files, lock, leaves, counts, report, notes)) {
      if (holders.has(session))
        report({
          kind: 'added',
          file: state.file,
          line: state.line,
          session,
          what: `the session stands in log ${holders.get(session)} too`,
        });
      else holders.set(session, files.log);
    }
    if (lock === 'stale') notes.push(`log ${files.log}: its writer died; the next start of the gateway recovers it`);
  }
  const { session } = options;
  if (session !== undefined && !holders.has(session) && !problems.some((p) => p.session === session))
    throw new MidstreamError('not_found', `no session ${session} in ${directory}`);
  // A problem without a session is one of its log: it may be this session's.
  const kept =
    session === undefined
      ? problems
      : problems.filter((p) => p.session === session || (p.session === '' && (p.log === '' || p.log === holders.get(session))));
  const checkpoints = [...heads.values()].reduce((sum, list) => sum + list.length, 0);
  return {
    ok: kept.length === 0,
    directory,
    logs: logs.length,
    segments: counts.segments,
    sessions: holders.size,
    events: counts.events,
    checkpoints,
    problems: kept,
    notes,
  };
}

/** The logs, of files alone. What stands under the name of a file and is none is reported. */
function listLogs(fs: RecordingFs, directory: string, report: (problem: Pick<Problem, 'kind' | 'file' | 'what'>) => void): LogFiles[] {
  let files: string[];
  try {
    const names = fileNames(fs, directory);
    files = names.files;
    for (const file of names.others)
      if (file === KEYS_NAME || groupFiles([file]).length > 0)
        report({ kind: 'changed', file, what: 'this is no file, but a link, folder, pipe or device; it is not read' });
  } catch (error) {
    throw new MidstreamError('not_found', `no recordings in ${directory}`, {
      cause: error,
      hint: 'Give the directory with --record, or set MIDSTREAM_RECORD.',
    });
  }
  const logs = groupFiles(files);
  if (logs.length === 0) throw new MidstreamError('not_found', `no recordings in ${directory}`);
  return logs;
}

/** `names`: whose keys the directory's own list has; undefined when the keys came from outside. */
function readKeys(
  fs: RecordingFs,
  directory: string,
  given: readonly string[],
  report: Report,
  notes: string[],
): { keys: Buffer[]; names: Set<string> | undefined } {
  if (given.length > 0) return { keys: unique(given.map((text) => parseVerifierKey(text.trim()).publicKey)), names: undefined };
  notes.push('the keys were taken from the recordings themselves; give --public-key to be sure who signed');
  let lines: string[] = [];
  try {
    if (fileNames(fs, directory).others.includes(KEYS_NAME)) throw new Error('not a file');
    lines = fs.readFileSync(join(directory, KEYS_NAME), 'utf8').split('\n');
  } catch {
    report({ kind: 'missing', file: KEYS_NAME, what: 'the verifier keys are gone' });
    return { keys: [], names: undefined };
  }
  if (lines.pop() !== '' || lines.some((line, i) => i > 0 && line <= lines[i - 1]!))
    report({ kind: 'changed', file: KEYS_NAME, what: 'the list of keys is not as the gateway writes it' });
  const keys: Buffer[] = [];
  const names = new Set<string>();
  for (const [i, line] of lines.entries()) {
    try {
      const { name, publicKey } = parseVerifierKey(line);
      keys.push(publicKey);
      names.add(name);
    } catch (error) {
      report({ kind: 'changed', file: KEYS_NAME, line: i + 1, what: (error as Error).message });
    }
  }
  return { keys: unique(keys), names };
}

const unique = (keys: Buffer[]): Buffer[] => keys.filter((key, i) => keys.findIndex((other) => other.equals(key)) === i);

/** What each tree must contain: by its own checkpoints, by those of its neighbours, by those from outside. */
function expectedHeads(
  heads: Map<string, SignedHead[]>,
  outside: readonly string[],
  keys: readonly Buffer[],
  reporter: (log: string) => Report,
): Map<string, ExpectedHead[]> {
  const expected = new Map<string, ExpectedHead[]>();
  const add = (log: string, head: ExpectedHead) => {
    if (!heads.has(log)) {
      if (!expected.has(log)) reporter(log)({ kind: 'missing', what: `log ${log} is gone, all of it; ${head.by} had seen it` });
    }
    expected.set(log, [...(expected.get(log) ?? []), head]);
  };
  for (const [log, own] of heads) {
    for (const { size, root, seen, file, line } of own) {
      add(log, { size, root, by: `the checkpoint in ${file} line ${line}` });
      for (const neighbour of seen) add(logOfOrigin(neighbour.origin), { ...neighbour, by: `the checkpoint in ${file} line ${line}` });
    }
  }
  for (const note of outside) {
    try {
      const { origin, size, root, seen } = openCheckpoint(note, keys);
      add(logOfOrigin(origin), { size, root, by: 'the given checkpoint' });
      for (const neighbour of seen) add(logOfOrigin(neighbour.origin), { ...neighbour, by: 'the given checkpoint' });
    } catch (error) {
      throw new MidstreamError('bad_input', `the given checkpoint does not verify: ${(error as Error).message}`);
    }
  }
  return expected;
}

/** Of a log that was closed in order, everything is signed. */
function signed(log: string, lock: LockState, size: number, heads: readonly SignedHead[], report: Report, notes: string[]): void {
  const behind = size - (heads.at(-1)?.size ?? 0);
  if (behind <= 0) return;
  const text = `${behind} ${behind === 1 ? 'leaf has' : 'leaves have'} no signed checkpoint`;
  if (lock === 'none')
    report({ kind: 'unsigned', file: `${log}.leaves`, line: size - behind + 1, what: `${text}, though the log was closed in order` });
  else notes.push(`log ${log}: ${text} yet`);
}
