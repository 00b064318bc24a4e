import { MidstreamError } from '../../../../filters/errors.js';
import { FIRST_PREV, parseLine, sha256Hex } from '../../../../filters/record/chain.js';
import type { LockState } from '../lock.js';
import { type LogFiles, leavesName, parseSegment, type SegmentFile, segmentName } from '../names.js';
import { digestFile } from '../pack.js';
import { segmentLines } from '../read.js';
import type { RecordingFs } from '../world.js';
import type { LogLeaves } from './leaves.js';
import type { Report } from './report.js';

interface SessionState {
  seq: number;
  last: string;
  t: number;
  /** of its last event */
  file: string;
  line: number;
  /** something about it was reported already: what follows from it is not */
  reported: boolean;
}

export interface Counts {
  events: number;
  segments: number;
}

/** Reads every segment of a log and holds its sessions' chains against the leaves. */
export async function checkSegments(
  fs: RecordingFs,
  directory: string,
  files: LogFiles,
  lock: LockState,
  leaves: LogLeaves,
  counts: Counts,
  report: Report,
  notes: string[],
): Promise<Map<string, SessionState>> {
  const sessions = new Map<string, SessionState>();
  numbering(files, leaves, report);
  for (const file of files.segments) {
    counts.segments += 1;
    const closed = closedForm(fs, directory, file, lock, leaves, report);
    try {
      await chains(fs, directory, file, closed || lock === 'none', sessions, counts, report, notes);
    } catch (error) {
      if (!(error instanceof MidstreamError)) throw error;
      report({ kind: 'changed', file: file.file, what: error.message });
    }
  }
  againstLeaves(files.log, lock, leaves, sessions, report, notes);
  return sessions;
}

/**
 * Segments are numbered from 1 without gaps, and those in the tree are there. Those that are in the tree are named one by one, and what is between
 * them in one: anybody may put a file with a number of any size there.
 */
function numbering(files: LogFiles, leaves: LogLeaves, report: Report): void {
  const there = new Set(files.segments.map(({ number }) => number));
  const leafed = new Set(leaves.segments.map(({ segment }) => parseSegment(segment)?.number ?? 0));
  let next = 1;
  for (const number of [...new Set([...there, ...leafed])].sort((a, b) => a - b)) {
    const gone = { kind: 'missing' as const, file: segmentName(files.log, next) };
    if (number === next + 1) report({ ...gone, what: 'the segment is gone' });
    else if (number > next) report({ ...gone, what: `the segments up to ${segmentName(files.log, number - 1)} are gone` });
    if (!there.has(number)) report({ kind: 'missing', file: segmentName(files.log, number), what: 'the segment is gone' });
    next = number + 1;
  }
}

/** True when the file's bytes are in the tree, and compares them. */
function closedForm(fs: RecordingFs, directory: string, file: SegmentFile, lock: LockState, leaves: LogLeaves, report: Report): boolean {
  const leaf = leaves.segments.find(({ segment }) => parseSegment(segment)?.number === file.number);
  if (leaf === undefined) {
    if (lock === 'none')
      report({ kind: 'unsigned', file: file.file, what: 'the segment is in no leaf, though its log was closed in order' });
    return false;
  }
  if (leaf.segment !== file.file) {
    // The plain form goes a moment after the packed one is in the tree.
    if (lock === 'none') report({ kind: 'added', file: file.file, what: `the tree has ${leaf.segment}` });
    return false;
  }
  const { bytes, sha256 } = digestFile(fs, directory, file.file);
  if (sha256 !== leaf.sha256) {
    const size =
      bytes < leaf.bytes ? `; ${leaf.bytes - bytes} bytes are gone` : bytes > leaf.bytes ? `; ${bytes - leaf.bytes} bytes too many` : '';
    report({
      kind: 'changed',
      file: file.file,
      what: `the file is not the one in the tree (${leavesName(file.log)} line ${leaf.line})${size}`,
    });
  }
  return true;
}

async function chains(
  fs: RecordingFs,
  directory: string,
  file: SegmentFile,
  closed: boolean,
  sessions: Map<string, SessionState>,
  counts: Counts,
  report: Report,
  notes: string[],
): Promise<void> {
  for await (const { bytes, number: line, whole } of segmentLines(fs, directory, file)) {
    const at = { file: file.file, line };
    if (!whole) {
      if (closed) report({ kind: 'truncated', ...at, what: 'the segment ends within an event' });
      else {
        notes.push(`${file.file} ends within an event: its writer died or is writing`);
        continue;
      }
    }
    let event: ReturnType<typeof parseLine>;
    try {
      event = parseLine(bytes.toString('utf8'));
    } catch (error) {
      report({ kind: 'changed', ...at, what: `no event: ${(error as Error).message}` });
      continue;
    }
    counts.events += 1;
    const { session, seq, prev, t } = event;
    const last = sha256Hex(bytes);
    const state = sessions.get(session);
    const expected = state?.seq ?? 0;
    let reported = state?.reported ?? false;
    const problem = (kind: Parameters<Report>[0]['kind'], what: string) => {
      reported = true;
      report({ kind, ...at, session, seq, what });
    };
    if (seq > expected) {
      const gone = seq - 1 === expected ? `event ${expected} is` : `events ${expected} to ${seq - 1} are`;
      problem('missing', `${gone} gone before this one`);
    } else if (seq < expected) {
      problem(
        state?.last === last ? 'added' : 'reordered',
        `event ${seq} stands behind event ${expected - 1} (${state?.file} line ${state?.line})`,
      );
    } else if (prev !== (state?.last ?? FIRST_PREV)) {
      problem(
        'changed',
        state === undefined
          ? 'the first event does not begin a chain'
          : `the event before it (seq ${seq - 1}, ${state.file} line ${state.line}) is not the one that this was chained to; one of the two was changed`,
      );
    } else if (t < (state?.t ?? 0)) problem('changed', 'time goes back');
    sessions.set(session, { seq: Math.max(seq + 1, expected), last, t, ...at, reported });
  }
}

function againstLeaves(
  log: string,
  lock: LockState,
  leaves: LogLeaves,
  sessions: Map<string, SessionState>,
  report: Report,
  notes: string[],
): void {
  for (const [session, leaf] of leaves.sessions) {
    const state = sessions.get(session);
    if (state === undefined) {
      report({ kind: 'missing', file: leavesName(log), line: leaf.line, session, what: `the session's ${leaf.events} events are gone` });
      continue;
    }
    const at = { file: state.file, line: state.line, session, seq: state.seq - 1 };
    if (state.seq < leaf.events) report({ kind: 'truncated', ...at, what: `the session ends after ${state.seq} of ${leaf.events} events` });
    else if (state.seq > leaf.events)
      report({ kind: 'added', ...at, what: `the session has ${state.seq} events, ${leaf.events} were recorded` });
    else if (state.last !== leaf.last && !state.reported) {
      report({
        kind: 'changed',
        ...at,
        what: `the last event is not the one in the tree (${leavesName(log)} line ${leaf.line}); it or the whole chain was changed`,
      });
    }
  }
  let open = 0;
  for (const [session, state] of sessions) {
    if (leaves.sessions.has(session)) continue;
    if (lock === 'none')
      report({
        kind: 'added',
        file: state.file,
        line: state.line,
        session,
        seq: state.seq - 1,
        what: 'the session is in no leaf, though its log was closed in order',
      });
    else open += 1;
  }
  if (open > 0)
    notes.push(
      `log ${log}: ${open} session${open === 1 ? ' is' : 's are'} not closed yet, so no checkpoint vouches for ${open === 1 ? 'it' : 'them'}`,
    );
}
