import { MidstreamError } from '../errors.js';

/** Longest session id that is taken, in characters. */
export const SESSION_ID_CHARS_MAX = 80;

const shape = /^[A-Za-z0-9][A-Za-z0-9_-]*(?:\.[A-Za-z0-9]+)?$/;

/** Ids stand in file contents, file names of exports and URLs: nothing but letters, digits, `_`, `-` and one `.` (addenda, see recordings). */
export function isSessionId(id: string): boolean {
  return id.length <= SESSION_ID_CHARS_MAX && shape.test(id);
}

/** The id itself; throws bad_input for anything that could be a path, an option or an escape sequence. */
export function checkSessionId(id: string): string {
  if (isSessionId(id)) return id;
  throw new MidstreamError('bad_input', 'not a session id', {
    hint: 'Session ids are letters, digits, _ and -; `midstream sessions list` shows them.',
  });
}
