import type { McpEffect, McpWorld } from '../../filters/mcp/side.js';
import type { McpMemory } from '../../filters/mcp/tools.js';
import type { HttpConnection } from './http-connection.js';

/** Which open exchange is whose event stream, and which one holds which request; of this process alone. */
export class McpSessions implements McpWorld {
  private readonly streams = new Map<string, HttpConnection>();
  /** a client that gives two requests one id has both of them under it */
  private readonly held = new Map<string, Set<HttpConnection>>();
  /** keys of each exchange, for when it ends */
  private readonly keys = new WeakMap<HttpConnection, { streams: string[]; held: string[] }>();

  constructor(readonly memory: McpMemory) {}

  hasStream(key: string): boolean {
    return this.streams.has(key);
  }

  carryOut(from: HttpConnection, effects: readonly McpEffect[]): void {
    for (const effect of effects) {
      switch (effect.type) {
        case 'stream':
          this.streams.set(effect.key, from);
          this.keysOf(from).streams.push(effect.key);
          break;
        case 'holds':
          for (const key of effect.keys) this.hold(key, from);
          break;
        case 'tell':
          this.streams.get(effect.key)?.input({ type: 'tell', message: effect.message });
          break;
        case 'cancel':
          for (const one of [...(this.held.get(effect.key) ?? [])]) one.input({ type: 'cancelled' });
          break;
      }
    }
  }

  ended(connection: HttpConnection): void {
    const { streams = [], held = [] } = this.keys.get(connection) ?? {};
    for (const key of streams) if (this.streams.get(key) === connection) this.streams.delete(key);
    for (const key of held) {
      const all = this.held.get(key);
      all?.delete(connection);
      if (all?.size === 0) this.held.delete(key);
    }
    this.keys.delete(connection);
  }

  private hold(key: string, connection: HttpConnection): void {
    const all = this.held.get(key) ?? new Set();
    this.held.set(key, all.add(connection));
    this.keysOf(connection).held.push(key);
  }

  private keysOf(connection: HttpConnection): { streams: string[]; held: string[] } {
    const known = this.keys.get(connection) ?? { streams: [], held: [] };
    this.keys.set(connection, known);
    return known;
  }
}
