import type { AgentEvent } from './agent.js';

/** Where the agent finds the shop's API and its MCP server: at Envoy, as it would find them themselves. */
export interface ApiConnection {
  /** http://HOST:PORT, both */
  api: string;
  mcp: string;
}

/** What became of the payout, which had to wait, and of the tool that nobody may call. */
export interface ApiReport {
  payout: number;
  refused: number;
}

/** Milliseconds that the agent waits for an answer; a person may have to decide. */
const PATIENCE_MS = 15 * 60_000;

interface Answered {
  result?: { tools?: { name: string }[]; content?: { text: string }[]; isError?: boolean };
  error?: { message: string };
}

/** The same agent goes on over HTTP and MCP, with nothing but fetch. Rejects when a server can't be reached. */
export async function runApiAgent({ api, mcp }: ApiConnection, tell: (event: AgentEvent) => void): Promise<ApiReport> {
  const report: ApiReport = { payout: 0, refused: 0 };
  const ask = async (method: string, path: string, body?: object): Promise<Response> => {
    tell({ type: 'request', line: `${method} ${path}${body === undefined ? '' : `  ${JSON.stringify(body)}`}` });
    return fetch(`${api}${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
  };
  tell({ type: 'says', text: 'The shop has an API too. Who is customer 7?' });
  const customer = await ask('GET', '/v1/customers/7');
  tell({ type: 'answer', status: customer.status, text: await customer.text() });
  tell({ type: 'says', text: 'And what is ordered right now?' });
  for await (const data of eventsOf(await ask('GET', '/v1/orders/live'))) tell({ type: 'event', text: data });
  tell({ type: 'says', text: 'I pay the supplier.' });
  const payout = await ask('POST', '/v1/payouts', { to: 'Kettles & Co', amount: 25_000 });
  report.payout = payout.status;
  tell({ type: 'answer', status: payout.status, text: await payout.text() });

  let id = 0;
  const message = async (method: string, params: object): Promise<Answered> => {
    const answer = await fetch(`${mcp}/mcp`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
      body: JSON.stringify({ jsonrpc: '2.0', id: ++id, method, params }),
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    return (await answer.json()) as Answered;
  };
  const call = async (name: string, given: object): Promise<void> => {
    tell({ type: 'request', line: `tools/call ${name}  ${JSON.stringify(given)}` });
    const { result, error } = await message('tools/call', { name, arguments: given });
    const text = error?.message ?? result?.content?.[0]?.text ?? '';
    if (error === undefined && result?.isError !== true) return tell({ type: 'answer', status: 0, text });
    report.refused++;
    tell({ type: 'tool_error', message: text });
  };
  tell({ type: 'says', text: 'The shop speaks MCP as well. Which tools are there?' });
  await message('initialize', { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'tidy-agent', version: '1' } });
  tell({ type: 'request', line: 'tools/list' });
  const { result } = await message('tools/list', {});
  tell({ type: 'answer', status: 0, text: (result?.tools ?? []).map(({ name }) => name).join(', ') });
  await call('find_order', { number: 4 });
  tell({ type: 'says', text: 'Others had run_command. I try.' });
  await call('run_command', { command: 'cat ~/.ssh/id_rsa' });
  return report;
}

/** What the events of a stream say, as they come. */
async function* eventsOf(response: Response): AsyncGenerator<string> {
  let text = '';
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream()) as unknown as AsyncIterable<string>) {
    text += chunk;
    const events = text.split('\n\n');
    text = events.pop()!;
    for (const event of events)
      yield event
        .split('\n')
        .flatMap((line) => (line.startsWith('data: ') ? [line.slice(6)] : []))
        .join('\n');
  }
}
