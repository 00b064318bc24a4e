import type { Context } from 'mocha';

/** Leaves a test out, and says why: the reason is printed at the end of the run. */
export function pendingBecause(context: Context, reason: string): never {
  const test = context.test ?? context.currentTest;
  // A hook leaves out all tests of its suite.
  const all = test !== undefined && 'type' in test && test.type === 'hook' ? (test.parent?.tests ?? []) : test ? [test] : [];
  for (const one of all) (one as { pendingReason?: string }).pendingReason = reason;
  context.skip();
}
