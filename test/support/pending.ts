import type { Context } from 'mocha';

/** Leaves a test out, and says why: the reason is printed at the end of the run. */
export function pendingBecause(context: Context, reason: string): never {
  const test = context.test ?? context.currentTest;
  if (test) (test as { pendingReason?: string }).pendingReason = reason;
  context.skip();
}
