import { Ajv, type ValidateFunction } from 'ajv';
import type { Context } from 'hono';
import { MidstreamError } from '../../filters/errors.js';

const COMMENT_CHARACTERS_MAX = 2000;

// A comment goes to the agent inside an error message, and onto approvers' terminals: no control characters but line ends and tabs.
const schema = {
  type: 'object',
  properties: {
    comment: {
      type: 'string',
      maxLength: COMMENT_CHARACTERS_MAX,
      pattern: '^[^\\u0000-\\u0008\\u000b\\u000c\\u000e-\\u001f\\u007f-\\u009f]*$',
    },
  },
  additionalProperties: false,
};

let compiled: ValidateFunction<{ comment?: string }> | undefined;

/** Made at the first decision: most gateways' workers never read one. */
function validator(): ValidateFunction<{ comment?: string }> {
  compiled ??= new Ajv({ allErrors: false }).compile<{ comment?: string }>(schema);
  return compiled;
}

/** The comment of a decision: `{}` or `{"comment": "…"}` as JSON in UTF-8. Throws `bad_input`. */
export async function readComment(c: Context): Promise<string> {
  const type = c.req.header('content-type')?.split(';')[0]?.trim().toLowerCase();
  if (type !== 'application/json')
    throw new MidstreamError('bad_input', 'the body must be application/json', { hint: 'Send {} or {"comment": "…"}.' });
  let body: unknown;
  try {
    body = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(await c.req.arrayBuffer()));
  } catch {
    throw new MidstreamError('bad_input', 'the body is not valid JSON in UTF-8');
  }
  const validate = validator();
  if (!validate(body))
    throw new MidstreamError('bad_input', complaint(body, validate.errors), {
      hint: `Send {} or {"comment": "…"}; a comment is text of at most ${COMMENT_CHARACTERS_MAX} characters.`,
    });
  return body.comment ?? '';
}

function complaint(body: unknown, errors: ValidateFunction['errors']): string {
  const [error] = errors ?? [];
  if (error?.keyword === 'additionalProperties')
    return `the field ${JSON.stringify(String(error.params.additionalProperty).slice(0, 40))} is not known`;
  if (error?.keyword === 'pattern') return 'comment has control characters';
  if (error?.keyword === 'maxLength') return 'comment is too long';
  return body === null || typeof body !== 'object' || Array.isArray(body) ? 'the body must be an object' : 'comment must be text';
}
