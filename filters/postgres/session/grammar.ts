/**
 * Settings that change how the server reads SQL, so that what was parsed is not what runs (postgres.md, "Where the grammar alone is fooled").
 */

/** Encodings of the client in which a byte below 0x80 may be the second half of a character (manual, "Supported Character Sets"). */
const unsafeEncodings = new Set(['SJIS', 'SHIFTJIS', 'MSKANJI', 'WIN932', 'WINDOWS932', 'SHIFTJIS2004', 'BIG5', 'WIN950', 'WINDOWS950', 'GBK', 'WIN936', 'WINDOWS936', 'UHC', 'WIN949', 'WINDOWS949', 'GB18030', 'JOHAB']);

const offWords = new Set(['off', 'false', 'no', '0', 'of', 'f', 'fa', 'fal', 'fals', 'n']);

/** Says what is wrong with one setting, or undefined. Names and values as the client wrote them. */
export function settingProblem(name: string, value: string): string | undefined {
  const setting = name.toLowerCase().replaceAll('-', '_');
  const plain = value.replace(/['"]/g, '').trim();
  if (setting === 'standard_conforming_strings' && offWords.has(plain.toLowerCase())) return 'standard_conforming_strings may not be off: it changes how SQL is read';
  if (setting === 'client_encoding' && unsafeEncodings.has(plain.toUpperCase().replace(/[^A-Z0-9]/g, ''))) return `client_encoding ${plain.slice(0, 32)} may not be used: its characters can hide quotes and backslashes`;
  return undefined;
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
