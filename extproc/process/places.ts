import { accessSync, constants, existsSync, mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of our own package.json, from the sources as well as from dist/. */
export function packageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  for (;;) {
    if (existsSync(join(folder, 'package.json'))) return folder;
    const parent = dirname(folder);
    if (parent === folder) throw new Error('package.json of midstream is missing');
    folder = parent;
  }
}

/** Where fetched programs may lie, best first: beside the package, then in the user's own cache. */
export function cacheFolders(): string[] {
  const user = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  return [join(packageRoot(), '.cache'), join(user, 'midstream')];
}

/** The first cache folder that can be written, made if need be; undefined when none can. */
export function writableCache(folders: readonly string[] = cacheFolders()): string | undefined {
  return folders.find((folder) => {
    try {
      mkdirSync(folder, { recursive: true });
      accessSync(folder, constants.W_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** True for a file that this process may run. */
export function executable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
