/** Pieces of the JSON Schema of midstream.yaml (draft-07). `x-say` is what a wrong value should be; `default` is what holds without the field. */

export const address = (description: string, example: string) => ({
  type: 'string',
  minLength: 1,
  maxLength: 300,
  description,
  examples: [example],
  'x-say': `write host:port or unix:/path, for example ${example}`,
});

export const file = (description: string) => ({
  type: 'string',
  minLength: 1,
  maxLength: 4000,
  description: `${description} Relative paths count from the folder of this file.`,
  'x-say': 'write the path of a file',
});

export const name = (description: string) => ({
  type: 'string',
  pattern: '^[A-Za-z][A-Za-z0-9_-]{0,62}$',
  description,
  'x-say': 'use up to 63 letters, digits, dashes and underscores, beginning with a letter',
});

export const text = (description: string, say: string) => ({ type: 'string', minLength: 1, maxLength: 1000, description, 'x-say': say });

export const texts = (description: string, say: string) => ({
  type: 'array',
  uniqueItems: true,
  maxItems: 1000,
  items: text('', say),
  description,
  'x-say': `write a list; ${say}`,
});

/** As texts, and not empty: where nobody may be named by mistake. */
export const someTexts = (description: string, say: string) => ({ ...texts(description, say), minItems: 1 });

export const count = (description: string, minimum: number, maximum: number, preset: number) => ({
  type: 'integer',
  minimum,
  maximum,
  default: preset,
  description,
  'x-say': `write a whole number from ${minimum} to ${maximum}`,
});

export const bytes = (description: string, preset: string) => ({
  type: ['integer', 'string'],
  minimum: 1,
  pattern: '^[0-9]{1,12} ?(B|KiB|MiB|GiB|kB|MB|GB)?$',
  default: preset,
  description,
  'x-say': 'write a size, for example 65536 or 1MiB',
});

export const duration = (description: string, preset: string) => ({
  type: 'string',
  pattern: '^([0-9]{1,9}(ms|s|m|h|d))+$',
  default: preset,
  description,
  'x-say': 'write a duration, for example 30s or 1m30s',
});

export const object = (description: string, properties: Record<string, object>, required: string[] = []) => ({
  type: 'object',
  additionalProperties: false,
  description,
  required,
  properties,
});
