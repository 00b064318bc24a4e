import type { SqlFacts, StatementFacts } from '../../sql/facts.js';

/** No detector finds anything in less. */
const SECRET_UNITS_MIN = 6;

/**
 * Facts as recordings show them: names and values in them come from the statement and may hold secrets like it, in a spelling
 * even that hides them from whoever masks the text alone. Policies see the facts as they are.
 */
export function shownFacts(facts: SqlFacts, maskText: (text: string) => string): SqlFacts {
  const show = (text: string) => (text.length < SECRET_UNITS_MIN ? text : maskText(text));
  return { ...facts, statements: facts.statements.map((statement) => shownStatement(statement, show)), opaque: facts.opaque.map(show) };
}

function shownStatement(statement: StatementFacts, show: (text: string) => string): StatementFacts {
  return {
    ...statement,
    objects: statement.objects.map((one) => ({ ...one, schema: show(one.schema), name: show(one.name) })),
    columns: statement.columns.map((one) => ({ ...one, schema: show(one.schema), table: show(one.table), column: show(one.column) })),
    functions: statement.functions.map((one) => ({ ...one, schema: show(one.schema), name: show(one.name) })),
    setting: show(statement.setting),
    setting_value: shownValue(statement.setting, statement.setting_value, show),
    name: show(statement.name),
    // These name functions.
    opaque: statement.opaque.map(show),
  };
}

/** Some values are secrets only by what they are assigned to. */
function shownValue(setting: string, value: string, show: (text: string) => string): string {
  if (value === '') return value;
  const shown = show(value);
  const assigned = `${setting} = '${value}'`;
  return shown !== value || show(assigned) === assigned ? shown : '[secret]';
}
