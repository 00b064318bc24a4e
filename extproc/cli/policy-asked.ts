import { MidstreamError } from '../../filters/errors.js';
import type { DescribedRequest } from '../../filters/http/described.js';
import { beginsLikeJson, readJsonText } from '../../filters/http/json.js';
import type { McpFacts } from '../../filters/mcp/facts.js';
import { readMessages } from '../../filters/mcp/messages.js';

/** `POST /v1/payouts` or a path alone, headers as `name: value`, the body as text. */
export async function described(line: string, { header, body }: { header: string[]; body?: string }): Promise<DescribedRequest> {
  const [first = '', second] = line.trim().split(/\s+/);
  const headers = header.map((one): [string, string] => {
    const colon = one.indexOf(':');
    if (colon < 1) throw new MidstreamError('bad_input', `--header ${one} is no header`, { hint: `Write it as 'name: value'.` });
    return [one.slice(0, colon), one.slice(colon + 1).trim()];
  });
  return {
    ...(second === undefined ? { url: first } : { method: first, url: second }),
    headers: Object.fromEntries(headers),
    ...(body === undefined ? {} : { body: body === '-' ? await standardInput() : body }),
  };
}

/** What a client's message says: `tools/call shell`, or all of it as JSON. Throws MidstreamError for what the gateway would take for no message. */
export async function messageFacts(said: string, body: string | undefined, server: string): Promise<McpFacts> {
  const json = (text: string): unknown => {
    try {
      return readJsonText(text);
    } catch (error) {
      throw new MidstreamError('bad_input', `${(error as Error).message}: ${text.slice(0, 200)}`);
    }
  };
  const [method = '', ...rest] = said.trim().split(/\s+/);
  const about = rest.join(' ');
  const named = /^(resources\/|completion\/)/.test(method) ? { uri: about } : { name: about };
  const given = body === undefined ? {} : { arguments: json(body === '-' ? await standardInput() : body) };
  const message = beginsLikeJson(said)
    ? json(said)
    : { jsonrpc: '2.0', id: 1, method, params: { ...(about === '' ? {} : named), ...given } };
  try {
    const { messages, batch } = readMessages(message, { from: 'client', server });
    if (batch) throw new Error('it is a list of messages: each is judged alone');
    return messages[0]!.facts;
  } catch (error) {
    throw new MidstreamError('bad_input', `--mcp is no message of MCP: ${(error as Error).message}`, {
      hint: `Write it like 'tools/call shell', 'resources/read file:///x', or as JSON-RPC.`,
    });
  }
}

export async function standardInput(): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
