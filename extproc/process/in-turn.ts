/** Does one after the other, whatever fails on the way: what is being stopped must not stay half stopped. Rejects at the end with the first failure. */
export async function inTurn(...steps: (() => unknown)[]): Promise<void> {
  let failed: { error: unknown } | undefined;
  for (const step of steps) {
    try {
      await step();
    } catch (error) {
      failed ??= { error };
    }
  }
  if (failed) throw failed.error;
}
