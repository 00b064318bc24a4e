import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, resolve } from 'node:path';
import protobuf from 'protobufjs';
import { MidstreamError } from '../../filters/errors.js';
import type { GrpcField, GrpcSchema, GrpcType } from '../../filters/http/grpc/schema.js';

/**
 * Reads descriptors of gRPC APIs: .proto files, with their imports looked for beside them and above, and FileDescriptorSets (`protoc
 * --descriptor_set_out --include_imports`, `buf build -o x.binpb`). Throws MidstreamError config_invalid, which names the file.
 */
export function readGrpcSchema(files: readonly string[]): GrpcSchema {
  const schema: GrpcSchema = { answers: new Map(), types: new Map() };
  for (const file of files) {
    try {
      addTo(schema, file.endsWith('.proto') ? fromProto(file) : fromSet(file));
    } catch (cause) {
      throw new MidstreamError('config_invalid', `${file}: the descriptors can't be read: ${(cause as Error).message}`, {
        cause,
        hint: 'Give a .proto file, or what protoc --include_imports --descriptor_set_out writes.',
      });
    }
  }
  if (files.length > 0 && schema.answers.size === 0)
    throw new MidstreamError('config_invalid', `${files.join(', ')}: no service is described there`);
  return schema;
}

const WRAPPERS = /^google\.protobuf\.(Value|ListValue|StringValue|BytesValue|U?Int(32|64)Value)$/;

function fromProto(file: string): protobuf.Root {
  const root = new protobuf.Root();
  root.resolvePath = (origin, target) => {
    // those come with the library
    if (protobuf.common.get(target) !== null) return target;
    for (let folder = dirname(resolve(origin || file)); ; folder = dirname(folder)) {
      const path = resolve(folder, target);
      try {
        readFileSync(path);
        return path;
      } catch {
        if (folder === dirname(folder)) return resolve(dirname(origin || file), target);
      }
    }
  };
  return root.loadSync(resolve(file), { keepCase: true });
}

function fromSet(file: string): protobuf.Root {
  // adds fromDescriptor; half the library again, which nobody else needs
  createRequire(import.meta.url)('protobufjs/ext/descriptor.js');
  const { Root } = protobuf as unknown as { Root: { fromDescriptor(bytes: Uint8Array): protobuf.Root } };
  return Root.fromDescriptor(readFileSync(file));
}

function addTo(schema: GrpcSchema, root: protobuf.Root): void {
  root.resolveAll();
  const typeOf = (type: protobuf.Type): GrpcType => {
    const name = type.fullName.replace(/^\./, '');
    const known = schema.types.get(name);
    if (known !== undefined) return known;
    const made: GrpcType = { name, fields: new Map(), wraps: WRAPPERS.test(name) };
    schema.types.set(name, made);
    for (const field of type.fieldsArray) made.fields.set(field.id, fieldOf(field, typeOf, name));
    return made;
  };
  const walk = (space: protobuf.NamespaceBase): void => {
    for (const one of space.nestedArray) {
      if (one instanceof protobuf.Type) typeOf(one);
      if (one instanceof protobuf.Service)
        for (const method of one.methodsArray) {
          method.resolve();
          if (method.resolvedResponseType === null) throw new Error(`the answer of ${method.fullName} is not described`);
          schema.answers.set(`/${one.fullName.replace(/^\./, '')}/${method.name}`, typeOf(method.resolvedResponseType));
        }
      if (one instanceof protobuf.Namespace) walk(one);
    }
  };
  walk(root);
}

function fieldOf(field: protobuf.Field, typeOf: (type: protobuf.Type) => GrpcType, owner: string): GrpcField {
  field.resolve();
  const { name } = field;
  if (field instanceof protobuf.MapField) {
    const fields = new Map<number, GrpcField>([
      [1, { name: 'key', kind: kindOf(field.keyType) }],
      [2, { name, ...valueKind(field, typeOf) }],
    ]);
    return { name, kind: 'message', map: true, type: { name: `${owner}.${name}`, fields, wraps: true } };
  }
  return { name, ...valueKind(field, typeOf) };
}

function valueKind(field: protobuf.Field, typeOf: (type: protobuf.Type) => GrpcType): Pick<GrpcField, 'kind' | 'type'> {
  if (field.resolvedType instanceof protobuf.Type) return { kind: 'message', type: typeOf(field.resolvedType) };
  return { kind: field.resolvedType === null ? kindOf(field.type) : 'other' };
}

function kindOf(type: string): GrpcField['kind'] {
  if (type === 'string' || type === 'bytes') return type;
  if (/^u?int(32|64)$/.test(type)) return 'integer';
  return /^s?fixed64$/.test(type) ? 'fixed64' : 'other';
}
