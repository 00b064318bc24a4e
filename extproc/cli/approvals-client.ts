import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { shownAddress } from '../../envoy/address.js';
import { MidstreamError, type ReasonCode } from '../../filters/errors.js';
import { shownFile } from './io.js';

/** Where the API is and who asks; the token stays in memory and goes to this address alone. */
export interface ApiAccess {
  url: string;
  token: string;
}

export interface AccessOptions {
  api?: string;
  tokenFile?: string;
}

const ANSWER_MS_MAX = 15_000;

/**
 * Finds the API: `--api` and `--token-file`, else MIDSTREAM_API and MIDSTREAM_TOKEN, else what `midstream up` left in ./.midstream/api.json.
 * A token that was found beside one address is never sent to another. Rejects with `config_invalid` or `bad_input`.
 */
export async function findApi(options: AccessOptions, env: NodeJS.ProcessEnv = process.env, folder = process.cwd()): Promise<ApiAccess> {
  const given = options.api ?? env.MIDSTREAM_API;
  const left = await leftBehind(join(folder, '.midstream', 'api.json'), given);
  const url = given ?? left?.url;
  if (url === undefined)
    throw new MidstreamError('config_invalid', 'the approvals API was not found', {
      hint: 'Give --api URL and --token-file FILE (or MIDSTREAM_API and MIDSTREAM_TOKEN), or run this in the folder of `midstream up`.',
    });
  const own = options.tokenFile !== undefined ? await readToken(options.tokenFile) : env.MIDSTREAM_TOKEN?.trim();
  const token = own || (left?.token_file !== undefined && left.url === url ? await readToken(left.token_file) : undefined);
  if (!token)
    throw new MidstreamError('config_invalid', `there is no token for ${shownAddress(url)}`, {
      hint: 'Give --token-file FILE, or set MIDSTREAM_TOKEN.',
    });
  if (!/^[\x21-\x7e]+$/.test(token))
    throw new MidstreamError('config_invalid', 'the token has characters that no token has', {
      hint: 'Is it the right file? A token is one line.',
    });
  return { url: checkedUrl(url), token };
}

function checkedUrl(text: string): string {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw new MidstreamError('bad_input', `${shownAddress(text)} is no URL`, { hint: 'For example http://127.0.0.1:8070' });
  }
  const local = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(url.hostname);
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && local)) {
    throw new MidstreamError('bad_input', `a token is not sent to ${url.protocol}//${url.host} in the clear`, {
      hint: 'Use https, or reach the API on its own machine (ssh -L).',
    });
  }
  return url.href.replace(/\/+$/, '');
}

async function readToken(file: string): Promise<string> {
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch (error) {
    throw new MidstreamError('config_invalid', `the token file ${shownFile(file)} can't be read`, { cause: error });
  }
}

/** What `midstream up` wrote; not trusted when somebody else could have written it, for then it could lead the token away. */
async function leftBehind(file: string, given: string | undefined): Promise<{ url: string; token_file: string } | undefined> {
  let text: string;
  try {
    const { mode, uid } = await stat(file);
    const safe = (mode & 0o022) === 0 && (process.getuid === undefined || uid === process.getuid());
    if (!safe) {
      if (given !== undefined) return undefined;
      throw new MidstreamError('config_invalid', `${file} is not used: others can write it`, { hint: 'chmod 600 it when it is yours.' });
    }
    text = await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof MidstreamError) throw error;
    return undefined;
  }
  try {
    const { url, token_file } = JSON.parse(text) as { url?: unknown; token_file?: unknown };
    if (typeof url === 'string' && typeof token_file === 'string') return { url, token_file };
  } catch {
    // Told below: what is no JSON is no such file.
  }
  if (given !== undefined) return undefined;
  throw new MidstreamError('config_invalid', `${file} is not what midstream wrote`, {
    hint: 'Start `midstream up` again, or give --api and --token-file.',
  });
}

/** One request and its JSON. Rejects with the problem that the API told, or `unavailable`. */
export async function ask<T>(access: ApiAccess, path: string, body?: object): Promise<T> {
  const response = await send(access, path, {
    signal: AbortSignal.timeout(ANSWER_MS_MAX),
    ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  });
  try {
    return (await response.json()) as T;
  } catch (error) {
    throw new MidstreamError('unavailable', `what answers at ${access.url} is no approvals API`, { cause: error });
  }
}

/** Opens the stream of changes; what happens after this resolved is in it. Iterating gives the data of each `approval` event, until the stream ends. */
export async function openEvents<T>(access: ApiAccess, signal: AbortSignal): Promise<AsyncGenerator<T>> {
  return readEvents(await send(access, '/v1/approvals/events', { signal, headers: { accept: 'text/event-stream' } }));
}

async function* readEvents<T>(response: Response): AsyncGenerator<T> {
  let buffered = '';
  const decoder = new TextDecoder();
  for await (const chunk of response.body ?? []) {
    buffered += decoder.decode(chunk, { stream: true });
    for (let at = buffered.indexOf('\n\n'); at >= 0; at = buffered.indexOf('\n\n')) {
      const lines = buffered.slice(0, at).split('\n');
      buffered = buffered.slice(at + 2);
      const data = lines.filter((one) => one.startsWith('data: ')).map((one) => one.slice('data: '.length));
      if (lines.includes('event: approval')) yield JSON.parse(data.join('\n')) as T;
    }
  }
}

async function send(access: ApiAccess, path: string, init: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(access.url + path, {
      ...init,
      redirect: 'error',
      headers: { ...init.headers, authorization: `Bearer ${access.token}` },
    });
  } catch (error) {
    if (init.signal?.aborted && (init.signal.reason as Error | undefined)?.name === 'AbortError') throw error;
    throw new MidstreamError('unavailable', `the approvals API at ${access.url} does not answer`, {
      cause: error,
      hint: 'Is the gateway running, and is this its address?',
    });
  }
  if (response.ok) return response;
  const problem = (await response.json().catch(() => ({}))) as { code?: ReasonCode; detail?: string; hint?: string };
  if (typeof problem.detail !== 'string' || typeof problem.code !== 'string')
    throw new MidstreamError('unavailable', `what answers at ${access.url} is no approvals API (status ${response.status})`);
  throw new MidstreamError(problem.code, problem.detail, { hint: String(problem.hint ?? '') });
}
