import { frontend } from '../wire/types.js';
import type { Entry } from './pending.js';
import type { Session } from './session.js';

/**
 * The server ignores Syncs that it reads while a COPY FROM STDIN lasts, and answers those that it reads after the COPY failed ("COPY
 * Operations"). Which of them were which it does not tell, so they stay in the queue as doubtful: a ReadyForQuery answers one of them, and
 * any other answer tells that the rest were eaten.
 */
export function doubtSyncs(s: Session, behind: Entry | undefined): void {
  let reached = behind === undefined;
  for (const item of s.pending) {
    if (reached) {
      if (!item.ignoredByCopy) return;
      item.doubtful = true;
    } else if (item === behind) reached = true;
  }
}

/** Syncs are alike: where one of them may have been eaten, the answer may have been that of the first that surely was not. */
export function passDoubtOn(s: Session): void {
  for (const item of s.pending) {
    if (item.kind !== frontend.Sync) return;
    if (item.doubtful) continue;
    item.doubtful = true;
    return;
  }
}

/** An answer that no Sync gets has come: those that were in doubt were eaten. */
export function dropDoubtful(s: Session): void {
  for (let head = s.pending.head(); head?.doubtful; head = s.pending.head()) {
    s.pending.shift();
    s.dropped(head);
  }
}

/** Whether a Sync follows that the server answers in any case; only Syncs can stand here. */
export function certainSyncFollows(s: Session): boolean {
  for (const item of s.pending) if (!item.ignoredByCopy) return item.kind === frontend.Sync;
  return false;
}

/**
 * Syncs were sent during a COPY of the extended protocol that is at its end, but whose outcome is not known. If it failed, the server skips
 * what follows, unless it had not read one of those Syncs: then it does not. So nothing but Syncs may follow until it is known.
 */
export function mayHaveEatenSyncs(s: Session): boolean {
  if (s.copies === 0) return false;
  let copying = false;
  for (const item of s.pending) {
    if (item.kind === frontend.Execute && item.copyIn !== 'no') copying = true;
    else if (copying && item.ignoredByCopy) return true;
  }
  return false;
}
