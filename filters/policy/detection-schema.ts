/** The part of the policy's JSON Schema that says what is detected. `x-say` is what a wrong value should be. */

const words = (description: string, max: number) => ({
  type: 'array',
  minItems: 1,
  maxItems: max,
  uniqueItems: true,
  items: { type: 'string', minLength: 1, maxLength: 200, 'x-say': 'write a text of 1 to 200 characters' },
  description,
  'x-say': 'write a list of texts',
});

const kindName = '^[a-z][a-z0-9_]{1,40}$';

const ownKind = {
  type: 'object',
  additionalProperties: false,
  required: ['kind'],
  description: 'A kind of value of your own: words, or a pattern.',
  properties: {
    kind: {
      type: 'string',
      pattern: kindName,
      description: 'Its name, for `detect` and in masked values.',
      'x-say': 'use 2 to 41 small letters, digits and underscores, beginning with a letter',
    },
    description: {
      type: 'string',
      maxLength: 1000,
      description: 'For readers of the policy.',
      'x-say': 'write a text of at most 1000 characters',
    },
    words: words('Words and phrases that are found where they stand by themselves.', 100_000),
    pattern: {
      type: 'string',
      minLength: 1,
      maxLength: 1000,
      description: 'A regular expression in RE2’s syntax, without ^ and $; it is run in linear time. \\b stands for the end of a word.',
      examples: ['\\bEMP-\\d{6}\\b'],
      'x-say': 'write a pattern, for example \\bEMP-\\d{6}\\b',
    },
    ignore_case: { type: 'boolean', default: false, description: 'Letters of ASCII match in any case.', 'x-say': 'write true or false' },
    context: words('Words of which one must stand within 64 bytes before the value, or in its column or key.', 100),
    score: {
      type: 'number',
      minimum: 0.5,
      maximum: 1,
      default: 0.8,
      description: 'How sure a find is.',
      'x-say': 'write a number from 0.5 to 1',
    },
  },
};

const allowed = {
  type: 'object',
  additionalProperties: false,
  minProperties: 1,
  description: 'Values that are left alone.',
  properties: {
    kinds: words('Kinds and groups that this is about; all without it.', 100),
    values: words('Values, however they are written.', 100_000),
    domains: words('E-mail addresses of these domains, and of what is under them.', 1000),
    lists: {
      type: 'array',
      minItems: 1,
      uniqueItems: true,
      items: {
        enum: ['test_cards', 'documentation'],
        description:
          'test_cards: numbers that payment processors publish for tests. documentation: example addresses of RFC 2606, 5737, 3849 and phone numbers kept for fiction.',
      },
      description: 'Lists of values that are nobody’s.',
      'x-say': 'write a list of test_cards and documentation',
    },
  },
};

export const detectionSchema = {
  type: 'object',
  additionalProperties: false,
  description: 'What detectors look for beside the kinds they know, and what they leave alone.',
  properties: {
    kinds: { type: 'array', maxItems: 200, items: ownKind, description: 'Kinds of your own.', 'x-say': 'write a list of kinds' },
    allow: { type: 'array', maxItems: 1000, items: allowed, description: 'Values that are left alone.', 'x-say': 'write a list' },
    score_min: {
      type: 'object',
      maxProperties: 500,
      additionalProperties: { type: 'number', minimum: 0, maximum: 1, 'x-say': 'write a number from 0 to 1' },
      description: 'The lowest score at which a kind, or a group, is masked; a kind’s own goes before its group’s. 0.5 without it.',
      'x-say': 'write kinds with their scores, for example { phone: 0.8 }',
    },
  },
};
