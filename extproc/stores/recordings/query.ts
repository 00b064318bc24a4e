import { MidstreamError } from '../../../filters/errors.js';
import { FIRST_PREV, parseLine, type StoredEvent, sha256Hex } from '../../../filters/record/chain.js';
import { emptySummary, matches, type SessionFilter, type SessionSummary, summarise, textsOf } from '../../../filters/record/search.js';
import { checkSessionId } from '../../../filters/record/session-id.js';
import { groupFiles, type SegmentFile } from './names.js';
import { type Line, segmentLines } from './read.js';
import { fileNames, type RecordingFs, realFs } from './world.js';

/** Reading recordings, also beside a running gateway. Lines that can't be read are passed over: to say what is wrong with them is verify's work. */

function segmentsOf(fs: RecordingFs, directory: string): SegmentFile[] {
  let files: string[];
  try {
    files = fileNames(fs, directory).files;
  } catch (error) {
    throw new MidstreamError('not_found', `no recordings in ${directory}`, {
      cause: error,
      hint: 'Give the directory with --record, or set MIDSTREAM_RECORD.',
    });
  }
  return groupFiles(files).flatMap((log) => log.segments);
}

/** Whole lines of a directory, log by log. A segment that is packed while this reads is taken in its new form. */
async function* allLines(fs: RecordingFs, directory: string): AsyncGenerator<Line> {
  for (const segment of segmentsOf(fs, directory)) {
    try {
      yield* segmentLines(fs, directory, segment);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT' && !segment.packed)
        yield* segmentLines(fs, directory, { ...segment, file: `${segment.segment}.zst`, packed: true });
      else if (!(error instanceof MidstreamError)) throw error;
    }
  }
}

function read(bytes: Buffer): StoredEvent | undefined {
  try {
    return parseLine(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}

/** An addendum counts as its session. */
const sessionOf = (id: string): string => (id.includes('.') ? id.slice(0, id.indexOf('.')) : id);

/**
 * Events of one session in order, then what others added to it. `broken` is called when the chain does not hold.
 * bad_input for what is no id, not_found when there is no such session.
 */
export async function* readSession(
  directory: string,
  session: string,
  options: { fs?: RecordingFs; broken?: () => void } = {},
): AsyncGenerator<StoredEvent> {
  const id = checkSessionId(session);
  const addenda: StoredEvent[] = [];
  // The gateway writes its lines so; whatever does not begin so is not of this session.
  const start = Buffer.from(`{"v":1,"session":"${id}`);
  let prev = FIRST_PREV;
  let found = false;
  for await (const { bytes, whole } of allLines(options.fs ?? realFs, directory)) {
    if (!whole || bytes.length < start.length || bytes.compare(start, 0, start.length, 0, start.length) !== 0) continue;
    const event = read(bytes);
    if (event === undefined || sessionOf(event.session) !== id) continue;
    if (event.session !== id) addenda.push(event);
    else {
      if (event.prev !== prev) options.broken?.();
      prev = sha256Hex(bytes);
      found = true;
      yield event;
    }
  }
  yield* addenda;
  if (!found && addenda.length === 0)
    throw new MidstreamError('not_found', `no session ${id} in ${directory}`, { hint: '`midstream sessions list` shows what there is.' });
}

/** Sessions that match, the oldest first. */
export async function listSessions(directory: string, filter: SessionFilter = {}, fs: RecordingFs = realFs): Promise<SessionSummary[]> {
  const summaries = new Map<string, SessionSummary>();
  for await (const { bytes, whole } of allLines(fs, directory)) {
    const event = whole ? read(bytes) : undefined;
    if (event === undefined) continue;
    const id = sessionOf(event.session);
    const summary = summaries.get(id) ?? emptySummary(id);
    summaries.set(id, summary);
    summarise(summary, event);
  }
  return [...summaries.values()]
    .filter((summary) => matches(summary, filter))
    .sort((a, b) => (a.start < b.start ? -1 : a.start > b.start ? 1 : 0));
}

/** Events of the sessions that match, in the order in which they stand in the recordings: sessions are mixed. What others added to one is left out. */
export async function* recordedEvents(
  directory: string,
  filter: SessionFilter = {},
  fs: RecordingFs = realFs,
): AsyncGenerator<StoredEvent> {
  const all = Object.keys(filter).length === 0;
  const sessions = all ? undefined : new Set((await listSessions(directory, filter, fs)).map(({ session }) => session));
  for await (const { bytes, whole } of allLines(fs, directory)) {
    const event = whole ? read(bytes) : undefined;
    if (event !== undefined && (sessions === undefined || sessions.has(event.session))) yield event;
  }
}

export interface Hit {
  session: string;
  seq: number;
  t: number;
  type: string;
  request: string;
  /** field, or row of the answer */
  where: string;
  text: string;
}

/** Events that hold this text (any case), in sessions that match. */
export async function* searchSessions(
  directory: string,
  text: string,
  filter: SessionFilter = {},
  fs: RecordingFs = realFs,
): AsyncGenerator<Hit> {
  const wanted = text.toLowerCase();
  const sessions = new Set((await listSessions(directory, filter, fs)).map(({ session }) => session));
  for await (const { bytes, whole } of allLines(fs, directory)) {
    const event = whole ? read(bytes) : undefined;
    if (event === undefined || !sessions.has(sessionOf(event.session))) continue;
    for (const { where, text: found } of textsOf(event)) {
      if (!found.toLowerCase().includes(wanted)) continue;
      const request = typeof event.request === 'string' ? event.request : '';
      yield { session: event.session, seq: event.seq, t: event.t, type: event.type, request, where, text: found };
      break;
    }
  }
}
