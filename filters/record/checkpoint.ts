import { MidstreamError } from '../errors.js';

/** Body of a checkpoint, https://c2sp.org/tlog-checkpoint: origin, size, root, then extension lines. */
export interface Checkpoint {
  origin: string;
  size: number;
  root: Buffer;
  /** what this log saw of its neighbours: a neighbour that vanishes or shrinks later is noticed */
  seen: { origin: string; size: number; root: Buffer }[];
}

/** Extension lines of ours begin so; others are kept out of the way. */
const SEEN = 'seen ';

export function formatCheckpoint(checkpoint: Checkpoint): string {
  const seen = checkpoint.seen.map(({ origin, size, root }) => `${SEEN}${origin} ${size} ${root.toString('base64')}\n`);
  return `${checkpoint.origin}\n${checkpoint.size}\n${checkpoint.root.toString('base64')}\n${seen.join('')}`;
}

/** Throws `tampered` when the text has not the form. */
export function parseCheckpoint(text: string): Checkpoint {
  const [origin, size, root, ...extensions] = text.split('\n');
  if (!text.endsWith('\n') || !origin || root === undefined) throw new MidstreamError('tampered', 'not a checkpoint');
  const seen: Checkpoint['seen'] = [];
  for (const extension of extensions) {
    if (!extension.startsWith(SEEN)) continue;
    const [of, at, hash] = extension.slice(SEEN.length).split(' ');
    seen.push({ origin: of ?? '', size: sizeOf(at), root: rootOf(hash) });
  }
  return { origin, size: sizeOf(size), root: rootOf(root), seen };
}

function sizeOf(text = ''): number {
  const size = Number(text);
  if (!/^(?:0|[1-9]\d*)$/.test(text) || !Number.isSafeInteger(size)) throw new MidstreamError('tampered', 'not a tree size');
  return size;
}

function rootOf(text = ''): Buffer {
  const root = Buffer.from(text, 'base64');
  if (root.length !== 32 || root.toString('base64') !== text) throw new MidstreamError('tampered', 'not a root hash');
  return root;
}
