import type { SqlPlaceDocument } from '../../http/sql-places.js';
import { quoted } from '../problems.js';
import type { Mistakes } from './mistakes.js';

/** The place at /sql/i is a known API, or one of the policy's own with all that it needs. */
export function checkSqlPlace(document: SqlPlaceDocument, i: number, mistakes: Mistakes): void {
  const at = `/sql/${i}`;
  const { api, dialect, path, parameters, methods, at: own } = document;
  if (api === undefined) {
    for (const [name, value] of Object.entries({ path, at: own, dialect }))
      if (value === undefined) mistakes.inValue(at, `the place has no ${name}`, 'name a known api, or path, at and dialect');
    return;
  }
  for (const [name, value] of Object.entries({ at: own, dialect, parameters, methods }))
    if (value !== undefined)
      mistakes.inKey(`${at}/${name}`, `the api ${quoted(api)} is known, and so is its ${name}`, `remove ${name}, or api`);
}
