/** What only a gateway with HTTP servers needs: loaded where there is one, since it holds the readings of all that HTTP carries (decision 0112). */
export { identify } from '../identity/http-login.js';
export { AcceptedRequests } from './accepted-requests.js';
export { HttpConnection } from './http-connection.js';
export { httpExtProc, httpExtProcDefinition } from './http-ext-proc.js';
export { createHttpHop } from './http-hop.js';
export { McpSessions } from './mcp-sessions.js';
