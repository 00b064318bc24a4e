import type { McpEffect, McpWorld } from '../../filters/mcp/side.js';
import type { McpMemory } from '../../filters/mcp/tools.js';
import type { HttpConnection } from './http-connection.js';

/** Which open exchange is whose event stream, and which one holds which request; of this process alone. */
export class McpSessions implements McpWorld {
  private readonly streams = new Map<string, HttpConnection>();
  private readonly held = new Map<string, HttpConnection>();
  /** keys of each exchange, for when it ends */
  private readonly keys = new WeakMap<HttpConnection, { of: Map<string, HttpConnection>; key: string }[]>();

  constructor(readonly memory: McpMemory) {}

  hasStream(key: string): boolean {
    return this.streams.has(key);
  }

  carryOut(from: HttpConnection, effects: readonly McpEffect[]): void {
    for (const effect of effects) {
      switch (effect.type) {
        case 'stream':
          this.put(this.streams, effect.key, from);
          break;
        case 'holds':
          for (const key of effect.keys) this.put(this.held, key, from);
          break;
        case 'tell':
          this.streams.get(effect.key)?.input({ type: 'tell', message: effect.message });
          break;
        case 'cancel':
          this.held.get(effect.key)?.input({ type: 'cancelled' });
          break;
      }
    }
  }

  ended(connection: HttpConnection): void {
    for (const { of, key } of this.keys.get(connection) ?? []) if (of.get(key) === connection) of.delete(key);
    this.keys.delete(connection);
  }

  private put(of: Map<string, HttpConnection>, key: string, connection: HttpConnection): void {
    of.set(key, connection);
    const known = this.keys.get(connection) ?? [];
    known.push({ of, key });
    this.keys.set(connection, known);
  }
}
