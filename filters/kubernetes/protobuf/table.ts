import { fields as text } from './fields.js';

export interface Field {
  name: string;
  /** string, bytes, bool, int32, int64, or the full name of a message */
  type: string;
  form: 'single' | 'repeated' | 'map';
  /** zero is a value */
  pointer: boolean;
  /** its fields stand in the object around it */
  inline: boolean;
}

export type Message = ReadonlyMap<number, Field>;

const SCALARS = new Set(['string', 'bytes', 'bool', 'int32', 'int64', 'uint32', 'uint64', 'double', 'float']);
const FORMS: Record<string, Pick<Field, 'form' | 'pointer' | 'inline'>> = {
  '': { form: 'single', pointer: false, inline: false },
  '*': { form: 'single', pointer: true, inline: false },
  '^': { form: 'single', pointer: false, inline: true },
  '[]': { form: 'repeated', pointer: false, inline: false },
  '{}': { form: 'map', pointer: false, inline: false },
};

let table: Map<string, Message> | undefined;

/** The message of that name, `core.v1.Pod`; undefined where the table has none. */
export function messageOf(name: string): Message | undefined {
  table ??= read(text);
  return table.get(name);
}

function read(lines: string): Map<string, Message> {
  const found = new Map<string, Message>();
  let at = '';
  for (const line of lines.split('\n')) {
    if (line.startsWith('# ')) at = line.slice(2);
    const colon = line.indexOf(': ');
    if (colon < 0) continue;
    const message = new Map<number, Field>();
    for (const field of line
      .slice(colon + 2)
      .split(', ')
      .filter((one) => one !== '')) {
      const [number = '', name = '', typed = ''] = field.split(' ');
      const form = /^[*^[\]{}]*/.exec(typed)![0];
      const type = typed.slice(form.length);
      message.set(Number(number), { name, type: SCALARS.has(type) || type.includes('.') ? type : `${at}.${type}`, ...FORMS[form]! });
    }
    found.set(`${at}.${line.slice(0, colon)}`, message);
  }
  return found;
}
