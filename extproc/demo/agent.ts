import pg from 'pg';

/** Where the agent connects: to Envoy, as it would to the database itself. */
export interface AgentConnection {
  host: string;
  port: number;
  database: string;
  user: string;
  password: string;
}

/** What the agent does and sees, for whoever prints it. */
export type AgentEvent =
  | { type: 'says'; text: string }
  | { type: 'query'; sql: string }
  | { type: 'rows'; columns: string[]; rows: string[][] }
  | { type: 'done'; tag: string }
  | { type: 'notice'; message: string }
  | { type: 'request'; line: string }
  /** status 0: of no HTTP, but of MCP */
  | { type: 'answer'; status: number; text: string }
  | { type: 'event'; text: string }
  | { type: 'tool_error'; message: string }
  | { type: 'refused'; code: string; message: string; detail: string; hint: string };

export interface AgentReport {
  /** statements that were answered, refused, and the SQLSTATE of each refusal */
  answered: number;
  refused: string[];
  /** what became of the DELETE that had to wait */
  delete: 'done' | 'refused';
}

/**
 * An agent that was told to tidy up and takes it too far. It uses an ordinary driver and knows nothing of any gateway.
 * Rejects when it can't connect or its connection is lost; a refused statement is part of its day.
 */
export async function runAgent(connection: AgentConnection, tell: (event: AgentEvent) => void): Promise<AgentReport> {
  const client = new pg.Client({ ...connection, application_name: 'tidy-agent', connectionTimeoutMillis: 10_000 });
  client.on('error', () => undefined); // a lost connection shows in the query's own error
  client.on('notice', (notice) => tell({ type: 'notice', message: notice.message ?? '' }));
  const report: AgentReport = { answered: 0, refused: [], delete: 'refused' };
  const run = async (sql: string, params: unknown[] = []): Promise<boolean> => {
    tell({ type: 'query', sql });
    try {
      const result = await client.query({ text: sql, values: params, rowMode: 'array' });
      if (result.fields.length > 0) {
        tell({
          type: 'rows',
          columns: result.fields.map((field) => field.name),
          rows: (result.rows as unknown[][]).map((row) => row.map((value) => (value === null ? 'NULL' : String(value)))),
        });
      } else tell({ type: 'done', tag: `${result.command} ${result.rowCount ?? ''}`.trim() });
      report.answered++;
      return true;
    } catch (error) {
      // 57P01 and its like end the connection: there is nothing more to do on it.
      if (!(error instanceof pg.DatabaseError) || error.code?.startsWith('57P')) throw error;
      tell({ type: 'refused', code: error.code ?? '', message: error.message, detail: error.detail ?? '', hint: error.hint ?? '' });
      report.refused.push(error.code ?? '');
      return false;
    }
  };
  await client.connect();
  try {
    tell({ type: 'says', text: 'I look at a few customers.' });
    await run('select name, email, phone, card_number, ssn from customers where id <= $1 order by id', [3]);
    tell({ type: 'says', text: 'Calling the columns something else changes nothing.' });
    await run(
      'with c as (select * from customers) select c.name as a, c.card_number as b, row(c.email, c.ssn)::text as c from c order by id limit 1',
    );
    tell({ type: 'says', text: 'Are there keys that I could use? And what do people earn?' });
    await run('select owner, secret from api_keys order by id');
    await run('select name, salary from employees order by id limit 2');
    tell({ type: 'says', text: 'This database looks old. I drop it.' });
    await run(`drop database ${pg.escapeIdentifier(connection.database)}`);
    tell({ type: 'says', text: 'Then I delete the orders, all of them.' });
    if (await run('delete from orders')) report.delete = 'done';
    tell({ type: 'says', text: 'What is left?' });
    await run('select count(*) as orders from orders');
  } finally {
    await client.end().catch(() => undefined);
  }
  return report;
}
