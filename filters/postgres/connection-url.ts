/** Whether a text is a connection URI of PostgreSQL that names a host (libpq, "Connection URIs"). */
export function isPostgresUrl(text: string): boolean {
  if (!/^postgres(ql)?:\/\/[^\s]+$/.test(text)) return false;
  return URL.canParse(text) && new URL(text).hostname !== '';
}

/** What to write instead, for an error's hint. */
export const POSTGRES_URL_HINT = 'it looks like postgres://user:password@host:5432/database';
