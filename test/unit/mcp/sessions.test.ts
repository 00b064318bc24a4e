import assert from 'node:assert/strict';
import type { HttpConnection } from '../../../extproc/services/http-connection.js';
import { McpSessions } from '../../../extproc/services/mcp-sessions.js';
import { openMcpStore } from '../../../extproc/stores/mcp/sqlite.js';

/** An exchange that notes what it is told. */
const exchange = (): { told: string[]; connection: HttpConnection } => {
  const told: string[] = [];
  const connection = { input: ({ type }: { type: string }) => told.push(type) } as unknown as HttpConnection;
  return { told, connection };
};

describe('sessions of MCP', () => {
  it('a client that gave two requests one id cancels both, and what has ended is told nothing', () => {
    const sessions = new McpSessions(openMcpStore(':memory:'));
    const [first, second, canceller] = [exchange(), exchange(), exchange()];
    for (const { connection } of [first, second]) sessions.carryOut(connection, [{ type: 'holds', keys: ['s 7'] }]);
    sessions.carryOut(canceller.connection, [{ type: 'cancel', key: 's 7' }]);
    assert.deepEqual([first.told, second.told], [['cancelled'], ['cancelled']]);
    sessions.ended(first.connection);
    sessions.carryOut(canceller.connection, [{ type: 'cancel', key: 's 7' }]);
    assert.deepEqual([first.told, second.told], [['cancelled'], ['cancelled', 'cancelled']]);
    sessions.ended(second.connection);
    sessions.carryOut(canceller.connection, [{ type: 'cancel', key: 's 7' }]);
    assert.equal(second.told.length, 2);
  });

  it('a stream that another took the place of leaves it there when it ends', () => {
    const sessions = new McpSessions(openMcpStore(':memory:'));
    const [first, second] = [exchange(), exchange()];
    for (const { connection } of [first, second]) sessions.carryOut(connection, [{ type: 'stream', key: 's' }]);
    sessions.ended(first.connection);
    assert.ok(sessions.hasStream('s'));
    sessions.carryOut(first.connection, [{ type: 'tell', key: 's', message: '{}' }]);
    assert.deepEqual([first.told, second.told], [[], ['tell']]);
    sessions.ended(second.connection);
    assert.ok(!sessions.hasStream('s'));
  });
});
