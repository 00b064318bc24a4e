import { join } from 'node:path';
import { FIRST_PREV, formatLine, parseLine, sha256Hex } from '../../../filters/record/chain.js';
import type { Leaf, MerkleLog, OpenSession } from './merkle-log.js';
import { groupFiles, parseSegment, type SegmentFile, segmentName } from './names.js';
import { digestFile, packSegment } from './pack.js';
import { packElsewhere } from './pack-elsewhere.js';
import { segmentLines } from './read.js';
import { type RecordingFs, realFs, syncDirectory, writeAllSync } from './world.js';

/** What a crash cost, as far as it can be known. */
export interface RecoveryReport {
  log: string;
  /** last segment; empty when there was nothing to recover */
  segment: string;
  /** bytes behind the last whole event, cut off (kept in a .cut file when they held more than one torn line) */
  cut_bytes: number;
  /** sessions that had no end and were given one, reason `crash` */
  sessions: string[];
  /** why the log was left alone; empty when it was not */
  problem: string;
}

interface State {
  seq: number;
  prev: string;
  t: number;
  ended: boolean;
}

/** What recovery and a closing writer need. */
export interface LogPlace {
  fs: RecordingFs;
  directory: string;
  log: string;
  merkle: MerkleLog;
  compress: 'zstd' | 'none';
}

/** Number that the next segment gets. */
export function nextNumber(place: LogPlace, leaves: readonly Leaf[]): number {
  const files = groupFiles(place.fs.readdirSync(place.directory)).find(({ log }) => log === place.log)?.segments ?? [];
  const leafed = leaves.map((leaf) => ('segment' in leaf ? (parseSegment(leaf.segment)?.number ?? 0) : 0));
  return Math.max(0, ...files.map(({ number }) => number), ...leafed) + 1;
}

/**
 * Brings a log that is locked by us into the state of one that was closed in order: the last segment cut behind its last whole event, sessions
 * without an end closed, segments packed, leaves added, head signed. Does nothing to a log that was.
 */
export async function recoverLog(place: LogPlace, leaves: readonly Leaf[], wall_ms: () => number): Promise<RecoveryReport> {
  const { fs, directory, log, merkle } = place;
  const report: RecoveryReport = { log, segment: '', cut_bytes: 0, sessions: [], problem: '' };
  const files = groupFiles(fs.readdirSync(directory)).find((entry) => entry.log === log)?.segments ?? [];
  const leafed = new Map(leaves.flatMap((leaf) => ('segment' in leaf ? [[parseSegment(leaf.segment)?.segment ?? '', leaf] as const] : [])));
  const pending = files.filter((file) => !leafed.has(file.segment));
  for (const file of files) {
    const leaf = leafed.get(file.segment);
    // The packed form is in the tree: the plain one was about to go.
    if (leaf?.segment === `${file.segment}.zst` && !file.packed && fs.existsSync(join(directory, leaf.segment)))
      fs.unlinkSync(join(directory, file.file));
  }
  const sessions = await readStates(place, leaves, pending, report);
  const last = pending.at(-1);
  const open = [...sessions].filter(([id, state]) => !state.ended && !id.includes('.'));
  if (open.length > 0) {
    const segment = last && !last.packed ? last.file : segmentName(log, nextNumber(place, leaves));
    closeSessions(place, segment, open, wall_ms());
    report.sessions = open.map(([id]) => id);
    if (segment !== last?.file) pending.push(parseSegment(segment)!);
    report.segment = segment;
  }
  merkle.append([...sessions].map(([session, state]) => ({ session, events: state.seq, last: state.prev })));
  for (const file of pending) await sealSegment(place, file, []);
  if (report.cut_bytes > 0 || report.sessions.length > 0)
    merkle.append([{ recovered: { segment: report.segment, cut_bytes: report.cut_bytes, sessions: report.sessions } }]);
  if (pending.length > 0 || sessions.size > 0 || merkle.size > 0) await merkle.checkpoint();
  return report;
}

const ELSEWHERE_BYTES_MIN = 4 * 1024 * 1024;

/** Packs one closed segment and makes it a leaf; an empty one is removed. `hurry` as packElsewhere() asks it. */
export async function sealSegment(
  place: LogPlace,
  file: SegmentFile,
  open: OpenSession[],
  hurry: () => boolean = () => true,
): Promise<string | undefined> {
  const { fs, directory, merkle } = place;
  const path = join(directory, file.file);
  const plain_bytes = file.packed ? 0 : fileBytes(fs, path);
  if (!file.packed && plain_bytes === 0) {
    fs.unlinkSync(path);
    return undefined;
  }
  if (file.packed || place.compress === 'none') {
    const { bytes, sha256 } = digestFile(fs, directory, file.file);
    merkle.append([{ segment: file.file, bytes, sha256, open }]);
    return file.file;
  }
  // Another thread has the real file system only, and takes some time to start.
  const elsewhere = fs === realFs && plain_bytes >= ELSEWHERE_BYTES_MIN;
  const packed = await (elsewhere ? packElsewhere(directory, file.segment, hurry) : packSegment(fs, directory, file.segment));
  merkle.append([{ segment: packed.file, bytes: packed.bytes, sha256: packed.sha256, open }]);
  await unlink(fs, path);
  return packed.file;
}

/** Elsewhere: of a file of 64 MiB the kernel frees pages for up to 25 ms, in which nobody would be served. */
function unlink(fs: RecordingFs, path: string): Promise<void> {
  return new Promise((resolve, reject) => fs.unlink(path, (error) => (error ? reject(error) : resolve())));
}

function fileBytes(fs: RecordingFs, path: string): number {
  const fd = fs.openSync(path, 'r');
  try {
    return fs.fstatSync(fd).size;
  } finally {
    fs.closeSync(fd);
  }
}

/** Sessions that have no leaf, as the last segments leave them. Cuts the very last segment. */
async function readStates(
  place: LogPlace,
  leaves: readonly Leaf[],
  pending: SegmentFile[],
  report: RecoveryReport,
): Promise<Map<string, State>> {
  const done = new Set(leaves.flatMap((leaf) => ('session' in leaf ? [leaf.session] : [])));
  const sessions = new Map<string, State>();
  const sealed = leaves.filter((leaf) => 'segment' in leaf).at(-1);
  for (const [id, seq, prev, t] of sealed !== undefined && 'segment' in sealed ? sealed.open : []) {
    if (!done.has(id)) sessions.set(id, { seq, prev, t, ended: false });
  }
  for (const [i, segment] of pending.entries()) {
    const isLast = i === pending.length - 1;
    let good = 0;
    let broken = false;
    for await (const { bytes, offset, whole } of segmentLines(place.fs, place.directory, segment)) {
      const text = bytes.toString('utf8');
      let event: ReturnType<typeof parseLine>;
      try {
        event = parseLine(text);
      } catch {
        broken = true;
        if (isLast) break;
        continue;
      }
      if (!whole) {
        broken = true;
        break;
      }
      good = offset + bytes.length + 1;
      if (done.has(event.session)) continue;
      const ended = event.type === 'session.close' || sessions.get(event.session)?.ended === true;
      sessions.set(event.session, { seq: event.seq + 1, prev: sha256Hex(bytes), t: event.t, ended });
    }
    if (isLast) {
      report.segment = segment.file;
      if (broken && !segment.packed) report.cut_bytes = cut(place, segment, good);
    }
  }
  return sessions;
}

/** Cuts a segment to its good part. More than one torn line is evidence of something else than a crash: it is kept beside. */
function cut({ fs, directory }: LogPlace, segment: SegmentFile, good: number): number {
  const path = join(directory, segment.file);
  const rest = fs.readFileSync(path).subarray(good);
  if (rest.includes(0x0a)) {
    const kept = fs.openSync(`${path}.cut`, 'w', 0o600);
    writeAllSync(fs, kept, rest, 0);
    fs.fdatasyncSync(kept);
    fs.closeSync(kept);
  }
  const fd = fs.openSync(path, 'r+');
  try {
    fs.ftruncateSync(fd, good);
    fs.fdatasyncSync(fd);
  } finally {
    fs.closeSync(fd);
  }
  return rest.length;
}

function closeSessions({ fs, directory }: LogPlace, file: string, open: [string, State][], wall_ms: number): void {
  const path = join(directory, file);
  const lines = open.map(([id, state]) => {
    // How long it lived after its last event nobody knows: t stays, `at` tells when this was written.
    const json = `,"reason":"crash","recovered_at":${JSON.stringify(new Date(wall_ms).toISOString())}`;
    const line = formatLine(id, state.seq, state.t, state.prev || FIRST_PREV, 'session.close', json);
    Object.assign(state, { seq: state.seq + 1, prev: sha256Hex(line), ended: true });
    return `${line}\n`;
  });
  const fd = fs.openSync(path, fs.existsSync(path) ? 'r+' : 'w', 0o600);
  try {
    writeAllSync(fs, fd, Buffer.from(lines.join('')), fs.fstatSync(fd).size);
    fs.fdatasyncSync(fd);
  } finally {
    fs.closeSync(fd);
  }
  syncDirectory(fs, directory);
}
