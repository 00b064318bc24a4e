import { existsSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import protobuf from 'protobufjs';

/** The .proto files lie beside the sources; compiled code runs from dist/protos. */
const here = dirname(fileURLToPath(import.meta.url));
const folder = existsSync(join(here, 'core.proto')) ? here : join(here, '..', '..', 'protos');

/** Definitions for the services that are not hot: reflection is fast enough there, and easier to read. */
export function loadProto(file: string): protobuf.Root {
  const root = new protobuf.Root();
  root.resolvePath = (_origin, target) =>
    // Google's well-known types are part of protobufjs and are taken before this is asked.
    isAbsolute(target) ? target : join(folder, target);
  return root.loadSync(join(folder, file), { keepCase: true });
}

export interface Codec {
  decode(bytes: Buffer): Record<string, unknown>;
  encode(value: object): Buffer;
}

/** Plain objects in and out; 64-bit numbers become numbers, absent fields stay absent, enums are numbers. */
export function codec(root: protobuf.Root, type: string): Codec {
  const message = root.lookupType(type);
  return {
    decode: (bytes) => message.toObject(message.decode(bytes), { longs: Number, enums: Number, objects: true, arrays: true }),
    encode: (value) => Buffer.from(message.encode(message.fromObject(value)).finish()),
  };
}
