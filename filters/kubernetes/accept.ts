/** Media types of the API server's that are not read, all of which it gives as JSON too (apimachinery's serializers). */
const ASKED_AWAY = new Set(['application/vnd.kubernetes.protobuf', 'application/cbor', 'application/cbor-seq', 'application/yaml']);

/**
 * An Accept that asks for JSON where it asked for something that is not read, with the same parameters: `as=Table` stays. undefined: it stays as
 * it is. Without one, and for any type, the API server gives JSON.
 */
export function acceptJson(accept: string | undefined): string | undefined {
  if (accept === undefined) return undefined;
  const given = accept.split(',').map((range) => range.trim());
  const asked: string[] = [];
  for (const range of given) {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim());
    const away = ASKED_AWAY.has(type.toLowerCase());
    const kept = away ? parameters.filter((one) => !/^(type|stream)=/i.test(one)) : parameters;
    const json = [away ? 'application/json' : type, ...kept].join(';');
    if (!asked.includes(json)) asked.push(json);
  }
  const all = asked.join(',');
  return all === given.join(',') ? undefined : all;
}
