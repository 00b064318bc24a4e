import type { Header } from './effects.js';
import { type HeaderCover, maskHeaders } from './header-masking.js';
import type { BodyMask } from './masking.js';

/** What an answer's headers or trailers become: done in the order remove, set, append. */
export interface AnswerChanges {
  set: Header[];
  append: Header[];
  remove: string[];
}

/** `told` hears of each rule, once for each time. Throws MidstreamError where nothing can be read without what is masked. */
export function answerChanges(
  masks: readonly BodyMask[],
  cover: HeaderCover | undefined,
  headers: readonly Header[],
  told: (rule: string) => void,
): AnswerChanges {
  const lines =
    cover === undefined
      ? headers
      : headers.map((line): Header => {
          const value = cover.value(line);
          if (value === undefined) return line;
          told(cover.rule);
          return [line[0], value];
        });
  const { changed, removed } = maskHeaders(masks, lines, told);
  if (changed.length === 0 && cover === undefined) return { set: [], append: [], remove: removed };
  const covered = lines.filter((line, i) => line !== headers[i] && !removed.includes(line[0]));
  const set: Header[] = [];
  const append: Header[] = [];
  const remove: string[] = [...removed];
  for (const name of new Set([...changed, ...covered].map(([one]) => one))) {
    const all = lines.filter(([one]) => one === name);
    if (all.length === 1) set.push(changed.find(([one]) => one === name) ?? all[0]!);
    else {
      // Of several lines with one name (Set-Cookie) each is written again, in their order.
      remove.push(name);
      for (const line of all) append.push(maskHeaders(masks, [line], () => {}).changed[0] ?? line);
    }
  }
  return { set, append, remove };
}

/** The headers as they leave with these changes. */
export function shownHeaders(headers: readonly Header[], { set, append, remove }: AnswerChanges): Header[] {
  const shown: Header[] = [];
  for (const line of headers)
    if (!remove.includes(line[0])) shown.push(set.length === 0 ? line : (set.find(([name]) => name === line[0]) ?? line));
  return append.length === 0 ? shown : shown.concat(append);
}

/** Of the first line with this name. */
export function firstOf(headers: readonly Header[], name: string): string {
  for (const line of headers) if (line[0] === name) return line[1];
  return '';
}
