const QUOTE = 0x22;

/** The first look at JSON: places in buf[from, to) where a search is due, in order, put into `into`; gives how many there are (anchors.ts). */
export interface JsonPlaces {
  json(buf: Uint8Array, from: number, to: number, into: number[]): number;
}

/** The places of all of these. */
export function allPlaces(looks: readonly JsonPlaces[]): JsonPlaces {
  if (looks.length === 1) return looks[0]!;
  const lists: number[][] = looks.map(() => []);
  return {
    json(buf, from, to, into) {
      let n = 0;
      looks.forEach((look, k) => {
        const count = look.json(buf, from, to, lists[k]!);
        for (let i = 0; i < count; i++) into[n++] = lists[k]![i]!;
      });
      into.length = n;
      into.sort((a, b) => a - b);
      return n;
    },
  };
}

/** The beginning of each string in which `may` says that a search is due. For what is never all of a number. */
export function stringPlaces(may: (buf: Uint8Array, start: number, end: number) => boolean): JsonPlaces {
  return {
    json(buf, from, to, into) {
      let n = 0;
      for (let at = from; at < to; ) {
        const quote = buf.indexOf(QUOTE, at);
        const end = quote < 0 || quote > to ? to : quote;
        if (end > at && may(buf, at, end)) into[n++] = at;
        at = end + 1;
      }
      return n;
    },
  };
}
