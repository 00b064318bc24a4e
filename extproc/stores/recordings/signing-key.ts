import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { dirname } from 'node:path';
import { MidstreamError } from '../../../filters/errors.js';
import { sha256Hex } from '../../../filters/record/chain.js';
import { publicBytesOf } from '../../../filters/record/signed-note.js';
import { type RecordingFs, syncDirectory, writeAllSync } from './world.js';

export interface SigningKey {
  key: KeyObject;
  publicKey: Buffer;
  /** `midstream/1a2b3c4d`: the logs' origins begin with it */
  name: string;
}

/** Reads the Ed25519 key (PKCS #8, PEM), or makes it (mode 0600) when there is none. config_invalid when it is something else. */
export function loadSigningKey(fs: RecordingFs, path: string): SigningKey {
  let pem: string;
  try {
    pem = readOrCreate(fs, path);
  } catch (error) {
    throw new MidstreamError('config_invalid', `cannot read or create the signing key ${path}`, { cause: error });
  }
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch (error) {
    throw new MidstreamError('config_invalid', `${path} holds no private key`, { cause: error });
  }
  if (key.asymmetricKeyType !== 'ed25519') throw new MidstreamError('config_invalid', `${path} is not an Ed25519 key`);
  const publicKey = publicBytesOf(key);
  return { key, publicKey, name: `midstream/${sha256Hex(publicKey).slice(0, 8)}` };
}

function readOrCreate(fs: RecordingFs, path: string): string {
  if (!fs.existsSync(path)) {
    fs.mkdirSync(dirname(path), { recursive: true });
    const pem = generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }) as string;
    const temporary = `${path}.${process.pid}`;
    const fd = fs.openSync(temporary, 'wx', 0o600);
    try {
      writeAllSync(fs, fd, Buffer.from(pem), 0);
      fs.fdatasyncSync(fd);
      // Linked, not renamed: of several workers that start at once, the first one's key stays.
      fs.linkSync(temporary, path);
      syncDirectory(fs, dirname(path));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    } finally {
      fs.closeSync(fd);
      fs.unlinkSync(temporary);
    }
  }
  return fs.readFileSync(path, 'utf8');
}
