import { isGrammarSetting } from '../../policy/grammar.js';

/**
 * Settings that change how the server reads SQL, so that what was parsed is not what runs (postgres.md, "Where the grammar alone is fooled").
 */

/** Says what is wrong with one setting, or undefined. Names and values as the client wrote them. */
export function settingProblem(name: string, value: string): string | undefined {
  if (!isGrammarSetting(name, value)) return undefined;
  return `${name.toLowerCase().slice(0, 40)} may not be ${value.replace(/[^ -~]/g, '?').slice(0, 40)}: it changes how SQL is read`;
}

/** Looks at startup parameters, and into `options` (-c name=value, --name=value). */
export function grammarProblem(parameters: [string, string][]): string | undefined {
  for (const [name, value] of parameters) {
    const problem = name === 'options' ? optionsProblem(value) : settingProblem(name, value);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/** Words are split at white space, a backslash quotes the next character (manual, "Parameter Interaction via the Configuration File"; pg_split_opts). */
function optionsProblem(options: string): string | undefined {
  const words: string[] = [];
  let word = '';
  for (let i = 0; i < options.length; i++) {
    const c = options[i]!;
    if (c === '\\' && i + 1 < options.length) word += options[++i];
    else if (/\s/.test(c)) {
      if (word !== '') words.push(word);
      word = '';
    } else word += c;
  }
  if (word !== '') words.push(word);
  for (let i = 0; i < words.length; i++) {
    let setting = words[i]!;
    if (setting === '-c') setting = words[++i] ?? '';
    else if (setting.startsWith('-c')) setting = setting.slice(2);
    else if (setting.startsWith('--')) setting = setting.slice(2);
    else continue;
    const equals = setting.indexOf('=');
    if (equals < 0) continue;
    const problem = settingProblem(setting.slice(0, equals), setting.slice(equals + 1));
    if (problem !== undefined) return problem;
  }
  return undefined;
}
