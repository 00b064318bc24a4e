/** A field of a message, as far as masking asks. */
export interface GrpcField {
  name: string;
  /** `integer`: a varint that is a plain number; `fixed64`: the same in eight bytes; `other`: left out where something is found in it */
  kind: 'string' | 'bytes' | 'message' | 'integer' | 'fixed64' | 'other';
  /** of a message */
  type?: GrpcType;
  /** its messages are entries of a map: 1 is the key, 2 the value */
  map?: boolean;
}

export interface GrpcType {
  /** fully qualified, without a leading dot */
  name: string;
  fields: Map<number, GrpcField>;
  /** its values go by the name under which it stands itself: entries of maps, google.protobuf.Value and the like */
  wraps: boolean;
}

/** What the descriptors of a server's API say. */
export interface GrpcSchema {
  /** the type of the answers, by path: `/package.Service/Method` */
  answers: Map<string, GrpcType>;
  /** by name */
  types: Map<string, GrpcType>;
}

/** A call as its answer is read. */
export interface GrpcCall {
  /** undefined: no descriptors were given */
  schema: GrpcSchema | undefined;
  /** of the request */
  path: string;
  /** that nobody can look into its answer was decided on with the request */
  judged: boolean;
}

export const NO_SCHEMA: GrpcSchema = { answers: new Map(), types: new Map() };
const ANY_JSON: GrpcType = { name: '', fields: new Map(), wraps: false };

/** What the messages of the answer are; undefined where nobody knows. JSON is read without a descriptor. */
export function answerType({ schema, path }: Pick<GrpcCall, 'schema' | 'path'>, { message }: GrpcForm): GrpcType | undefined {
  if (message === 'json') return ANY_JSON;
  return message === 'proto' ? schema?.answers.get(path) : undefined;
}

export interface GrpcForm {
  web: boolean;
  text: boolean;
  /** `proto`, `json`, … */
  message: string;
}

/** `application/grpc`, `application/grpc-web-text+proto`: how the call is framed, undefined for what is no gRPC. */
export function grpcForm(type: string): GrpcForm | undefined {
  const found = /^application\/grpc(-web)?(-text)?(?:\+([a-z0-9.-]+))?$/.exec(type);
  if (found === null) return undefined;
  return { web: found[1] !== undefined, text: found[2] !== undefined, message: found[3] ?? 'proto' };
}
