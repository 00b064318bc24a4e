/** Whether a text is a connection URI of PostgreSQL (libpq, "Connection URIs"); it may name no host, but a socket's folder (`?host=/run/postgresql`). */
export const isPostgresUrl = (text: string): boolean => /^postgres(ql)?:\/\/[^\s]+$/.test(text);

/** What to write instead, for an error's hint. */
export const POSTGRES_URL_HINT = 'it looks like postgres://user:password@host:5432/database';
