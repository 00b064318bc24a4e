import { ALNUM, DIGITS, HEX } from '../../property/mask/corpus.js';
import type { Random } from '../../support/random.js';

/** What lies near the kinds of personal.ts and national.ts and is none of them. */
const UPPER = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';
const hex = (r: Random, n: number): string => r.chars(HEX, n);
const digits = (r: Random, n: number): string => r.chars('123456789', 1) + r.chars(DIGITS, n - 1);

export const HARD: ((r: Random) => string)[] = [
  (r) => `{"x":${r.int(2000)}.${r.chars(DIGITS, 5)},"y":${r.int(2000)}.${r.chars(DIGITS, 5)},"z":0.5}`,
  (r) => `M${r.int(99)}.${r.chars(DIGITS, 4)},${r.int(99)}.${r.chars(DIGITS, 4)}L${r.int(99)}.${r.chars(DIGITS, 3)} ${r.int(99)}z`,
  (r) => `driver version ${r.int(999)}.${r.int(99)}, license MIT, build ${digits(r, 8)}`,
  (r) => `{"name":"${r.pick(['Chair', 'Table', 'Lamp'])} ${r.int(99)}","type":"product","code":${digits(r, 5)}}`,
  (r) => `"address":"0x${hex(r, 8)}","length":${r.int(4096)}`,
  (r) => `listen_address: ${r.pick(['localhost', 'worker'])}-${r.int(9)}, port ${1024 + r.int(60000)}`,
  (r) => `{"exp":17${r.chars(DIGITS, 8)},"iat":17${r.chars(DIGITS, 8)},"expires_in":${r.int(86400)}}`,
  (r) => `array[at] = values (at most ${r.int(99)}) in list[${r.int(9)}]`,
  (r) => `passport.use(new Strategy({ id: ${r.int(99)} })) // passport-local ${r.int(9)}.${r.int(9)}`,
  (r) => `serial ${r.chars(UPPER, 3)}${r.chars(DIGITS, 9)} lot ${r.chars(UPPER, 2)}-${r.chars(DIGITS, 4)}`,
  (r) => `{"sku":"${r.chars(UPPER, 4)}-${r.chars(DIGITS, 4)}","qty":${r.int(99)},"unit_price":${r.int(99)}.${r.chars(DIGITS, 2)}}`,
  (r) => `0x${hex(r, 40)}`,
  (r) => `md5 ${hex(r, 32)} sha1 ${hex(r, 40)}`,
  (r) => `request_id=${r.chars(ALNUM, 22)} trace=${hex(r, 16)} span=${hex(r, 8)}`,
  (r) => `policy applied at ${r.int(24)}:${10 + r.int(49)}, member of group ${r.int(999)}, subscriber count ${digits(r, 5)}`,
  (r) => `SWIFT is a language; version ${r.int(6)}.${r.int(9)} ARABIC ${r.chars(UPPER, 8)}`,
  (r) => `"firstName": "First name", "lastName": "Last name", "max": ${r.int(99)}`,
  (r) => `{"file_name":"Report_${r.int(99)}.PDF","class_name":"Order","hostname":"Web-${r.int(9)}"}`,
  (r) => `street view tile ${r.int(20)}/${r.int(9999)}/${r.int(9999)}.jpg`,
  (r) => `ISBN 978${r.chars(DIGITS, 10)}; EAN ${digits(r, 8)}`,
  (r) => `balance ${digits(r, 3)}.${r.chars(DIGITS, 3)}.${r.chars(DIGITS, 3)},${r.chars(DIGITS, 2)} in account ${r.int(99)}`,
  (r) => `${digits(r, 4)} ${digits(r, 4)} rows, ${digits(r, 2)}-${digits(r, 2)} columns, part ${r.int(99)} of ${r.int(99)}`,
  (r) => `eth${r.int(9)}: link up, ${r.int(10)}000 Mbps; wei ${r.int(99)}; position: ${r.int(99)}`,
  (r) => `chunk-${r.chars(ALNUM, 8)}.js?v=${hex(r, 8)} ${digits(r, 6)} bytes`,
  (r) => `{"lat":null,"lng":null,"latency_ms":${r.int(999)}.${r.chars(DIGITS, 3)},"long":${r.int(99)}}`,
  (r) => `{"cursor":"${r.chars(ALNUM, 32)}","next":${r.int(999)},"total":${digits(r, 7)}}`,
  (r) => `uptime ${digits(r, 7)}s, rss ${digits(r, 9)}, heap ${digits(r, 10)}`,
  (r) => `v${r.int(9)}.${r.int(99)}.${r.int(99)}-rc.${r.int(9)}+${hex(r, 7)} (${20200101 + r.int(9)})`,
  (r) => `"snowflake":"${digits(r, 18)}","shard":${r.int(16)}`,
  (r) => `a{color:#${hex(r, 6)};margin:${r.int(99)}px ${r.int(99)}px}b{width:${r.int(99)}.${r.chars(DIGITS, 5)}%}`,
];
