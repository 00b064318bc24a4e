/** Milliseconds of each unit that a policy may write a duration in. */
const millisecondsOf: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Bytes of each unit that a policy may write a size in. */
const bytesOf: Record<string, number> = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3, kB: 1000, MB: 1000 ** 2, GB: 1000 ** 3 };

/** `15m`, `1h30m`, `250ms` to milliseconds; undefined when it is no duration. */
export function parseDuration(text: string): number | undefined {
  if (!/^(\d{1,9}(ms|s|m|h|d))+$/.test(text)) return undefined;
  let total = 0;
  for (const part of text.matchAll(/(\d+)(ms|s|m|h|d)/g)) total += Number(part[1]) * (millisecondsOf[part[2] ?? ''] ?? Number.NaN);
  return total;
}

/** `1048576`, `1MiB`, `64 KiB` to bytes; undefined when it is no size. */
export function parseBytes(value: string | number): number | undefined {
  if (typeof value === 'number') return Number.isSafeInteger(value) && value >= 0 ? value : undefined;
  const found = /^(\d{1,12}) ?(B|KiB|MiB|GiB|kB|MB|GB)?$/.exec(value);
  if (found === null) return undefined;
  const total = Number(found[1]) * (bytesOf[found[2] ?? 'B'] ?? Number.NaN);
  return Number.isSafeInteger(total) ? total : undefined;
}
