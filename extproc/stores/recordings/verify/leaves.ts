import { join } from 'node:path';
import { leafHash, Tree } from '../../../../filters/record/merkle.js';
import type { LockState } from '../lock.js';
import { type Leaf, leafOf } from '../merkle-log.js';
import { type LogFiles, leavesName } from '../names.js';
import { fileChunks, lines } from '../read.js';
import type { RecordingFs } from '../world.js';
import type { Report } from './report.js';

/** A head that the tree must have had: from a checkpoint of its own, of a neighbour, or from outside. */
export interface ExpectedHead {
  size: number;
  root: Buffer;
  /** who says so, for people */
  by: string;
}

export interface SessionLeaf {
  events: number;
  last: string;
  line: number;
}

export interface SegmentLeaf {
  segment: string;
  bytes: number;
  sha256: string;
  line: number;
}

export interface LogLeaves {
  size: number;
  sessions: Map<string, SessionLeaf>;
  segments: SegmentLeaf[];
}

/** Reads the leaves and holds the tree against every head that is known of it. */
export async function readLeaves(
  fs: RecordingFs,
  directory: string,
  files: LogFiles,
  lock: LockState,
  heads: readonly ExpectedHead[],
  report: Report,
  notes: string[],
): Promise<LogLeaves> {
  const file = leavesName(files.log);
  const leaves: LogLeaves = { size: 0, sessions: new Map(), segments: [] };
  const tree = new Tree();
  const wanted = [...heads].sort((a, b) => a.size - b.size);
  let sound = 0;
  let differs = false;
  const compare = () => {
    for (let head = wanted[0]; head !== undefined && head.size <= tree.size; head = wanted[0]) {
      wanted.shift();
      if (head.root.equals(tree.root())) sound = tree.size;
      else if (!differs) {
        differs = true;
        const where = sound + 1 === head.size ? `leaf ${sound}` : `a leaf from ${sound} to ${head.size - 1}`;
        report({
          kind: 'changed',
          file,
          line: sound + 1 === head.size ? head.size : 0,
          what: `${where} is not what ${head.by} was signed over`,
        });
      }
    }
  };
  compare();
  for await (const { bytes, number, whole } of files.leaves ? lines(fileChunks(fs, join(directory, file))) : []) {
    if (!whole) {
      if (lock === 'none') report({ kind: 'truncated', file, line: number, what: 'the leaves end within a line' });
      else notes.push(`${file} ends within a line: its writer died or is writing`);
      break;
    }
    tree.append(leafHash(bytes));
    try {
      take(leaves, leafOf(bytes.toString('utf8'), tree.size - 1), number, file, report);
    } catch (error) {
      report({ kind: 'changed', file, line: number, what: (error as Error).message });
    }
    compare();
  }
  leaves.size = tree.size;
  const beyond = wanted.at(-1);
  if (beyond !== undefined)
    report({ kind: 'truncated', file, what: `${tree.size} leaves are left of the ${beyond.size} that ${beyond.by} was signed over` });
  return leaves;
}

function take(leaves: LogLeaves, leaf: Leaf, line: number, file: string, report: Report): void {
  if ('session' in leaf) {
    if (leaves.sessions.has(leaf.session))
      report({ kind: 'added', file, line, session: leaf.session, what: 'a second leaf of this session' });
    else leaves.sessions.set(leaf.session, { events: leaf.events, last: leaf.last, line });
  } else if ('segment' in leaf) leaves.segments.push({ segment: leaf.segment, bytes: leaf.bytes, sha256: leaf.sha256, line });
}
