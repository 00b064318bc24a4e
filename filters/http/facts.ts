import type { SqlFacts } from '../sql/facts.js';
import type { GraphqlOperation } from './graphql.js';
import type { UploadedFile } from './multipart.js';

/** A request as a policy sees it. What it says does not depend on how the request was spelled (path.ts). */
export interface HttpFacts {
  /** in capitals */
  method: string;
  /** other methods that it asks the server to take it for, in capitals */
  overrides: string[];
  /** without the port, in small letters */
  host: string;
  /** decoded once, without empty and dot segments and their parameters; begins with a slash */
  path: string;
  /** as it stands in the request line, with its query */
  target: string;
  /** decoded; a name that stands twice has two values */
  query: Record<string, string[]>;
  /** names in small letters; several of one name are joined by a comma and a blank */
  headers: Record<string, string>;
  /** media type alone, in small letters; empty when the request names none */
  content_type: string;
  /** what the body says: JSON as it is, a form as lists of values, text as text. undefined: not read; `unreadable` says why it can't be had */
  body: unknown;
  /** files of a form; undefined like the body */
  files: UploadedFile[] | undefined;
  /** operations that it asks of a GraphQL server; undefined like the body */
  graphql: GraphqlOperation[] | undefined;
  /** why the body can't be had */
  unreadable: string;
  /** why the request could not be understood; empty when it could */
  unparsed: string;
  /** protocol that the connection is to become, in small letters; empty: none */
  upgrade: string;
  /** why what follows an upgrade will not be read; empty when it will, or there is none */
  opaque: string;
}

/** One way to read a request that somebody on its way may take. */
export interface HttpReading {
  http: HttpFacts;
  /** it differs from another one only by small letters in the path, or the slash at its end */
  lowered: boolean;
  /** what it asks of a database, where the policy says that a statement stands in it */
  sql?: SqlFacts;
  /** values bound to the statement; undefined: could not be read */
  params?: (string | null | undefined)[];
}
