/** A state of an automaton that may be in several at once: it reads a digit, or is a fork and reads none. */
export interface Node {
  /** digits accepted, bit d for digit d; 0 for a fork */
  digits: number;
  to: number[];
}

/** All nodes in three arrays: as objects, those of all countries took 7 MB. */
export class PackedNodes {
  readonly digits: Uint16Array;
  /** those that follow node n: `to[first[n]]` up to `to[first[n + 1]]` */
  private readonly first: Uint32Array;
  private readonly to: Uint32Array;

  constructor(nodes: readonly Node[]) {
    this.digits = Uint16Array.from(nodes, (node) => node.digits);
    this.first = new Uint32Array(nodes.length + 1);
    for (const [n, node] of nodes.entries()) this.first[n + 1] = this.first[n]! + node.to.length;
    this.to = Uint32Array.from(nodes.flatMap((node) => node.to));
  }

  /** Appends the nodes that follow `node`. */
  follow(node: number, list: number[]): void {
    for (let k = this.first[node]!; k < this.first[node + 1]!; k++) list.push(this.to[k]!);
  }
}
