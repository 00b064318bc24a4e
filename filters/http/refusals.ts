import { type ApprovalInput, outcomeMessage } from '../approval/recorded.js';
import type { Refusal } from './problem.js';

/** Every refusal that the gateway itself gives, in its words. */
export const forbidden: Refusal = {
  status: 403,
  kind: 'forbidden',
  title: 'Not allowed here',
  detail: 'Nothing lets this caller ask that of this server.',
  rule: '',
  hint: '',
};

/** Why is a class, and holds nothing of what was shown. */
export const unknownCaller = (why: string): Refusal => ({
  status: 401,
  kind: 'unauthenticated',
  title: 'Who is calling?',
  detail: `It is not known who is calling: ${why}.`,
  rule: '',
  hint: 'Send Authorization: Bearer TOKEN with a token that is valid here, or a client certificate.',
});

export const noCredential = (why: string): Refusal => ({
  status: 503,
  kind: 'unavailable',
  title: 'Not available now',
  detail: why,
  rule: '',
  hint: 'Try again in a moment.',
});

/** MCP, "Session Management": 404 tells a client to begin anew. That the session is somebody else's is none of its business. */
export const noSession: Refusal = {
  status: 404,
  kind: 'no_session',
  title: 'No such session',
  detail: 'There is no such session of this caller.',
  rule: '',
  hint: 'Begin a new one.',
};

export const denied = (detail: string, rule: string, hint: string): Refusal => ({
  status: 403,
  kind: 'denied',
  title: 'Refused by policy',
  detail,
  rule,
  hint,
});

export const notShown = (rule: string): Refusal =>
  denied('This request needs an approval, and it can not be shown to an approver whole.', rule, 'Send it in smaller parts.');

/** Something came while the request was streaming already. */
export const ambiguous = (why: string): Refusal =>
  denied(
    `The request could not be understood: ${why}.`,
    'default:unparsed',
    'Requests that can be read in several ways are not passed on.',
  );

export const tooLarge = (bytes_max: number): Refusal => ({
  status: 413,
  kind: 'too_large',
  title: 'Too large to be judged',
  detail: `The policy asks for the whole body, and it is longer than ${bytes_max} bytes (limits.held_bytes_max).`,
  rule: '',
  hint: 'Send it in smaller parts.',
});

export const late: Refusal = {
  status: 408,
  kind: 'late',
  title: 'The body did not come',
  detail: 'The policy asks for the whole body, and it did not come in time (limits.body_within).',
  rule: '',
  hint: 'Send the request again.',
};

/** How a hold ended that was not approved. */
export function notApproved(input: ApprovalInput, rule: string, maskText: (text: string) => string): Refusal {
  const { message, hint } = outcomeMessage(input);
  const unavailable = input.outcome === 'unavailable';
  return {
    status: unavailable ? 503 : 403,
    kind: unavailable ? 'unavailable' : input.outcome === 'expired' ? 'expired' : 'denied',
    title: unavailable ? 'Approvals are not available' : 'Not approved',
    detail: maskText(message),
    rule,
    hint,
  };
}

export const unreadable = (detail: string): Refusal => ({
  status: 502,
  kind: 'unreadable',
  title: 'The answer can not be inspected',
  detail,
  rule: '',
  hint: '',
});

export const stopping = (detail: string): Refusal => ({
  status: 503,
  kind: 'unavailable',
  title: 'The gateway is stopping',
  detail,
  rule: '',
  hint: 'Send the request again.',
});
