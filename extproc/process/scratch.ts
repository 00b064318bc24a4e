import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A temporary folder that nobody else can read. */
export interface Scratch {
  readonly path: string;
  /** removes it with all that is in it; it may be asked more than once */
  remove(): void;
}

/** Makes one in `base`. It goes with this process at the latest, however that ends, short of SIGKILL. */
export function scratchFolder(prefix: string, base = tmpdir()): Scratch {
  // mkdtemp makes it 0700.
  const path = mkdtempSync(join(base, prefix));
  const remove = () => {
    process.off('exit', remove);
    // A child that was told to end may write a last file meanwhile.
    rmSync(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 20 });
  };
  process.on('exit', remove);
  return { path, remove };
}
