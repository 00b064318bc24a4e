import type { AccessEntry } from '../convert/access-log.js';
import type { Recordings } from '../stores/recordings/index.js';
import type { Siblings } from './options.js';

const RECENT_MAX = 20_000;

/** Session of a connection, by Envoy's listener and connection id: the access log comes after the connection has ended. */
export class RecentConnections {
  private readonly sessions = new Map<string, string>();

  add(key: string, session: string): void {
    this.sessions.set(key, session);
    if (this.sessions.size > RECENT_MAX) this.sessions.delete(this.sessions.keys().next().value!);
  }

  find(key: string): string | undefined {
    return this.sessions.get(key);
  }
}

/** Puts what Envoy itself says of a connection into that connection's session. */
export function joinAccess(recordings: Recordings, recent: RecentConnections, siblings: Siblings | undefined, entry: AccessEntry): void {
  const attach = (session: string): void => recordings.attach(session, 'access', `,"entry":${JSON.stringify(entry.entry)}`);
  if (entry.session !== '') return attach(entry.session);
  const connection = `${entry.listener}/${entry.connectionId}`;
  const session = recent.find(connection);
  if (session !== undefined) return attach(session);
  // Envoy's log comes to one worker, its connections to all.
  void siblings?.sessionOf(connection).then((found) => {
    if (found !== '') attach(found);
  });
}
