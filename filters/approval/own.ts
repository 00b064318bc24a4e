import { createHash } from 'node:crypto';
import type { Identity } from '../policy/types.js';
import type { ApproverDecision, HeldOperation } from './types.js';

/**
 * Whose an operation is, for its approvers' sake: marks of every name of the caller and of the person behind it, as far as the identity tells:
 * its id, the usual claims, the role it logged in as. Of the identity itself, not of what is shown of it: what approvers are shown leaves claims
 * out and masks names, and who could not be recognised there could approve what is their own.
 * SHA-256 (hex) of the hold's id and the name: enough to recognise a name, and kept in no other place than the names it stands for.
 */
export function ownMarks(hold: string, identity: Identity, user: string): string[] {
  return [...new Set(callerNames(identity, user).map((name) => markOf(hold, name)))];
}

/**
 * An agent that claims an approver's name only locks that approver out of its own operation. The names that are shown count too:
 * operations that an older gateway has stored have no marks.
 */
export function isOwn({ hold, identity, user, own = [] }: HeldOperation, approver: string): boolean {
  return own.includes(markOf(hold, approver)) || callerNames(identity, user).some((name) => samePerson(name, approver));
}

/** What one who decides is called, here and elsewhere. */
export const namesOf = ({ by, names = [] }: ApproverDecision): string[] => [by, ...names];

/** One person has one voice, however the name is written. */
export function samePerson(a: string, b: string): boolean {
  return canonical(a) === canonical(b);
}

/** Without what nobody sees: a name with a zero width in it is the same name to whoever reads it. */
export const canonical = (name: string): string =>
  name
    .normalize('NFKC')
    .replace(/\p{Default_Ignorable_Code_Point}/gu, '')
    .trim()
    .toLowerCase();

const PERSON_CLAIMS = ['sub', 'email', 'preferred_username', 'upn', 'user', 'username'];

function callerNames(identity: Identity, user: string): string[] {
  const names = [identity.id, user, ...PERSON_CLAIMS.map((claim) => identity.claims[claim])];
  return names.filter((name): name is string => typeof name === 'string' && name !== '');
}

const markOf = (hold: string, name: string): string =>
  createHash('sha256')
    .update(`${hold}:${canonical(name)}`)
    .digest('hex');
