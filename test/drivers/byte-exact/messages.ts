/** The client's messages as bytes, written out here on their own: the comparison must not rest on the gateway's codec. */

export const int16 = (value: number): Buffer => {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value & 0xffff);
  return bytes;
};

export const int32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value | 0);
  return bytes;
};

const text = (value: string | Buffer): Buffer => Buffer.concat([Buffer.from(value), Buffer.of(0)]);

export const message = (type: string, ...body: Buffer[]): Buffer => {
  const all = Buffer.concat(body);
  return Buffer.concat([Buffer.from(type), int32(all.length + 4), all]);
};

const untyped = (code: number, ...body: Buffer[]): Buffer => {
  const all = Buffer.concat([int32(code), ...body]);
  return Buffer.concat([int32(all.length + 4), all]);
};

export const sslRequest = untyped(80877103);
export const cancelRequest = (pid: number, key: number): Buffer => untyped(80877102, int32(pid), int32(key));

export const startup = (parameters: Record<string, string | Buffer>, version = 196608): Buffer =>
  untyped(version, ...Object.entries(parameters).flatMap(([name, value]) => [text(name), text(value)]), Buffer.of(0));

export const query = (sql: string | Buffer): Buffer => message('Q', text(sql));
export const password = (value: string): Buffer => message('p', text(value));
export const parse = (sql: string, name = '', types: number[] = []): Buffer =>
  message('P', text(name), text(sql), int16(types.length), ...types.map(int32));

export interface BindParts {
  portal?: string;
  statement?: string;
  formats?: number[];
  results?: number[];
}

/** Values as text, bytes, or null. */
export const bind = (
  values: (string | Buffer | null)[] = [],
  { portal = '', statement = '', formats = [], results = [] }: BindParts = {},
): Buffer =>
  message(
    'B',
    text(portal),
    text(statement),
    int16(formats.length),
    ...formats.map(int16),
    ...sized(values),
    int16(results.length),
    ...results.map(int16),
  );

const sized = (values: (string | Buffer | null)[]): Buffer[] => [
  int16(values.length),
  ...values.map((value) => (value === null ? int32(-1) : Buffer.concat([int32(Buffer.byteLength(value)), Buffer.from(value)]))),
];

export const describeStatement = (name = ''): Buffer => message('D', Buffer.from('S'), text(name));
export const describePortal = (name = ''): Buffer => message('D', Buffer.from('P'), text(name));
export const closeStatement = (name = ''): Buffer => message('C', Buffer.from('S'), text(name));
export const closePortal = (name = ''): Buffer => message('C', Buffer.from('P'), text(name));
export const execute = (portal = '', rows_max = 0): Buffer => message('E', text(portal), int32(rows_max));
export const sync = message('S');
export const flush = message('H');
export const terminate = message('X');
export const copyData = (data: string | Buffer): Buffer => message('d', Buffer.from(data));
export const copyDone = message('c');
export const copyFail = (why: string): Buffer => message('f', text(why));

export const functionCall = (
  oid: number,
  values: (string | Buffer | null)[],
  { formats = [], result = 0 }: { formats?: number[]; result?: number } = {},
): Buffer => message('F', int32(oid), int16(formats.length), ...formats.map(int16), ...sized(values), int16(result));
