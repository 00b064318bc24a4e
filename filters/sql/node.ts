/** Small readers for libpg-query's JSON tree. A wrapped node is `{ TypeName: body }`; default values are left out. */

export type Body = Record<string, unknown>;

/** The type name and the body of a wrapped node; undefined when the value is not one. */
export function unwrap(value: unknown): [string, Body] | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  for (const key in value) {
    const first = key.charCodeAt(0);
    if (first < 65 || first > 90) return undefined;
    const body = (value as Body)[key];
    if (typeof body !== 'object' || body === null) return undefined;
    return [key, body as Body];
  }
  return undefined;
}

/** The body when the node is of that type. */
export function bodyOf(value: unknown, type: string): Body | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const body = (value as Body)[type];
  return typeof body === 'object' && body !== null ? (body as Body) : undefined;
}

export function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** The text of a `String` node. */
export function stringOf(value: unknown): string | undefined {
  const body = bodyOf(value, 'String');
  return body === undefined ? undefined : textOf(body.sval);
}

/** The texts of a list of `String` nodes; other nodes become `*`. */
export function stringsOf(value: unknown): string[] {
  return listOf(value).map((item) => stringOf(item) ?? '*');
}

/** Items of a `List` node, or of a plain array. */
export function itemsOf(value: unknown): unknown[] {
  if (Array.isArray(value)) return value;
  return listOf(bodyOf(value, 'List')?.items);
}

/** Splits a qualified name into schema and name; a leading database is dropped. */
export function qualified(names: string[]): { schema: string; name: string } {
  const name = names[names.length - 1] ?? '';
  const schema = names.length > 1 ? (names[names.length - 2] ?? '') : '';
  return { schema, name };
}

/** Every option of a DefElem list as [name in lower case, argument node]. */
export function optionsOf(value: unknown): [string, unknown][] {
  const out: [string, unknown][] = [];
  for (const item of listOf(value)) {
    const option = bodyOf(item, 'DefElem');
    if (option !== undefined) out.push([textOf(option.defname).toLowerCase(), option.arg]);
  }
  return out;
}

/** A scalar (String, Integer, Float, Boolean, A_Const, TypeName, TypeCast of a constant) as text; undefined when it is something else. */
export function scalarText(value: unknown): string | undefined {
  const node = unwrap(value);
  if (node === undefined) return undefined;
  const [type, body] = node;
  switch (type) {
    case 'String':
      return textOf(body.sval);
    case 'Integer':
      return String(body.ival ?? 0);
    case 'Float':
      return textOf(body.fval);
    case 'Boolean':
      return body.boolval === true ? 'true' : 'false';
    case 'TypeName':
      return stringsOf(body.names).join('.');
    case 'TypeCast':
      return scalarText(body.arg);
    case 'A_Const':
      return constantText(body);
    default:
      return undefined;
  }
}

/** The text of an A_Const body; undefined for NULL. */
export function constantText(body: Body): string | undefined {
  if (body.isnull === true) return undefined;
  const read = (name: string): Body | undefined => body[name] as Body | undefined;
  if (body.sval !== undefined) return textOf(read('sval')?.sval);
  if (body.ival !== undefined) return String(read('ival')?.ival ?? 0);
  if (body.fval !== undefined) return textOf(read('fval')?.fval);
  if (body.boolval !== undefined) return read('boolval')?.boolval === true ? 'true' : 'false';
  if (body.bsval !== undefined) return textOf(read('bsval')?.bsval);
  return undefined;
}

/** True for the body of a RangeVar, which the tree often holds without its wrapper. */
export function isRangeVar(value: unknown): value is Body {
  return typeof value === 'object' && value !== null && typeof (value as Body).relname === 'string';
}
