import { sha256 } from './chain.js';

/** Merkle trees as in RFC 6962 section 2.1: SHA-256, leaves hashed behind 0x00, nodes behind 0x01. */

const LEAF = Buffer.from([0]);
/** Bytes of a hash. */
const HASH_BYTES = 32;
/** What a node's hash is taken over: used again for each. */
const pair = Buffer.alloc(1 + 2 * HASH_BYTES, 1);
const NODE = Buffer.from([1]);

/** Hash of one leaf (32 bytes). */
export function leafHash(leaf: string | Uint8Array): Buffer {
  return sha256(typeof leaf === 'string' ? `\0${leaf}` : Buffer.concat([LEAF, leaf]));
}

function nodeHash(left: Uint8Array, right: Uint8Array): Buffer {
  // Somebody else's proof may hold anything.
  if (left.length !== HASH_BYTES || right.length !== HASH_BYTES) return sha256(Buffer.concat([NODE, left, right]));
  pair.set(left, 1);
  pair.set(right, 1 + HASH_BYTES);
  return sha256(pair);
}

/** Root of the tree without leaves. */
const emptyRoot = (): Buffer => sha256(Buffer.alloc(0));

/** A growing tree that keeps only the roots of its perfect subtrees: 32 bytes for each bit of its size. */
export class Tree {
  #size = 0;
  /** perfect subtrees from left (largest) to right */
  readonly #subtrees: { size: number; hash: Buffer }[] = [];

  get size(): number {
    return this.#size;
  }

  /** Adds a leaf by its hash. */
  append(hash: Buffer): void {
    this.#size += 1;
    let last = { size: 1, hash };
    for (let left = this.#subtrees.at(-1); left !== undefined && left.size === last.size; left = this.#subtrees.at(-1)) {
      this.#subtrees.pop();
      last = { size: left.size * 2, hash: nodeHash(left.hash, last.hash) };
    }
    this.#subtrees.push(last);
  }

  /** MTH of all leaves so far. */
  root(): Buffer {
    let root: Buffer | undefined;
    for (let i = this.#subtrees.length - 1; i >= 0; i--) {
      const { hash } = this.#subtrees[i]!;
      root = root === undefined ? hash : nodeHash(hash, root);
    }
    return root ?? emptyRoot();
  }
}

/** MTH over leaf hashes. */
export function rootOf(leaves: readonly Buffer[]): Buffer {
  const tree = new Tree();
  for (const leaf of leaves) tree.append(leaf);
  return tree.root();
}

/** Largest power of two below n (n > 1). */
function split(n: number): number {
  let k = 1;
  while (k * 2 < n) k *= 2;
  return k;
}

/** PATH(m, D[n]) of section 2.1.1: the hashes that lead from leaf `index` to the root. RangeError when there is no such leaf. */
export function inclusionProof(leaves: readonly Buffer[], index: number): Buffer[] {
  if (!Number.isInteger(index) || index < 0 || index >= leaves.length)
    throw new RangeError(`no leaf ${index} in a tree of ${leaves.length}`);
  if (leaves.length === 1) return [];
  const k = split(leaves.length);
  if (index < k) return [...inclusionProof(leaves.slice(0, k), index), rootOf(leaves.slice(k))];
  return [...inclusionProof(leaves.slice(k), index - k), rootOf(leaves.slice(0, k))];
}

/** Whether `proof` shows that `leaf` stands at `index` of the tree of this size and root (RFC 9162 section 2.1.3.2). */
export function verifyInclusion(leaf: Buffer, index: number, size: number, proof: readonly Buffer[], root: Uint8Array): boolean {
  if (!Number.isInteger(index) || index < 0 || index >= size) return false;
  let node = index;
  let last = size - 1;
  let hash = leaf;
  for (const sibling of proof) {
    if (last === 0) return false;
    if (node % 2 === 1 || node === last) {
      hash = nodeHash(sibling, hash);
      while (node % 2 === 0 && node !== 0) {
        node = Math.floor(node / 2);
        last = Math.floor(last / 2);
      }
    } else hash = nodeHash(hash, sibling);
    node = Math.floor(node / 2);
    last = Math.floor(last / 2);
  }
  return last === 0 && hash.equals(root);
}

/** PROOF(m, D[n]) of section 2.1.2: that the tree of the first `size` leaves is a prefix of this one. RangeError for a size outside 1 to n. */
export function consistencyProof(leaves: readonly Buffer[], size: number): Buffer[] {
  if (!Number.isInteger(size) || size < 1 || size > leaves.length)
    throw new RangeError(`no prefix of ${size} in a tree of ${leaves.length}`);
  return subproof(leaves, size, true);
}

function subproof(leaves: readonly Buffer[], size: number, whole: boolean): Buffer[] {
  if (size === leaves.length) return whole ? [] : [rootOf(leaves)];
  const k = split(leaves.length);
  if (size <= k) return [...subproof(leaves.slice(0, k), size, whole), rootOf(leaves.slice(k))];
  return [...subproof(leaves.slice(k), size - k, false), rootOf(leaves.slice(0, k))];
}

/** Whether `proof` shows that the smaller tree is a prefix of the larger (RFC 9162 section 2.1.4.2). */
export function verifyConsistency(size: number, root: Buffer, larger: number, largerRoot: Buffer, proof: readonly Buffer[]): boolean {
  if (!Number.isInteger(size) || size < 1 || size > larger) return false;
  if (size === larger) return proof.length === 0 && root.equals(largerRoot);
  const path = [...proof];
  if (Number.isInteger(Math.log2(size))) path.unshift(root);
  const first = path.shift();
  if (first === undefined) return false;
  let node = size - 1;
  let last = larger - 1;
  while (node % 2 === 1) {
    node = Math.floor(node / 2);
    last = Math.floor(last / 2);
  }
  let small = first;
  let large = first;
  for (const hash of path) {
    if (last === 0) return false;
    if (node % 2 === 1 || node === last) {
      small = nodeHash(hash, small);
      large = nodeHash(hash, large);
      while (node % 2 === 0 && node !== 0) {
        node = Math.floor(node / 2);
        last = Math.floor(last / 2);
      }
    } else large = nodeHash(large, hash);
    node = Math.floor(node / 2);
    last = Math.floor(last / 2);
  }
  return last === 0 && small.equals(root) && large.equals(largerRoot);
}
