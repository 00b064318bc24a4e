// Writes fields.ts: the fields of the messages that Kubernetes' own types are sent as, from the published modules k8s.io/api and
// k8s.io/apimachinery. Run it for a new version of them:
//
//   go mod download k8s.io/api@v0.37.2 k8s.io/apimachinery@v0.37.2
//   node filters/kubernetes/protobuf/generate.mjs "$(go env GOMODCACHE)/k8s.io" v0.37.2
//
// The .proto files give numbers, names and types; the Go types beside them say which fields are pointers (there, a zero is a value) and which are
// inline (in JSON their fields stand in the object around them).
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const [modules, version] = process.argv.slice(2);
if (version === undefined) throw new Error('usage: generate.mjs FOLDER-OF-k8s.io VERSION');
const roots = [
  [join(modules, `api@${version}`), /^k8s\.io\.api\./],
  [
    join(modules, `apimachinery@${version}`),
    /^k8s\.io\.apimachinery\.pkg\.(apis\.meta\.v1|api\.resource|util\.intstr|runtime|runtime\.schema)$/,
  ],
];
// Never bodies of requests to an API server.
const LEFT_OUT =
  /^(admission|imagepolicy|apidiscovery|apiserverinternal|extensions|abac)\.|^(apps|batch|policy|autoscaling|networking|storage|rbac|scheduling|node|discovery|events|coordination|authentication|authorization|flowcontrol)\.v[12](alpha|beta)/;

/** `core.v1` of k8s.io.api.core.v1, `meta.v1`, `resource`, `intstr`, `runtime`. */
const shortPackage = (name) => name.replace(/^k8s\.io\.api\./, '').replace(/^k8s\.io\.apimachinery\.pkg\.(apis\.|api\.|util\.)?/, '');

function files(folder, name) {
  const found = [];
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isDirectory() && entry.name !== 'testdata') found.push(...files(join(folder, entry.name), name));
    else if (name.test(entry.name)) found.push(join(folder, entry.name));
  }
  return found;
}

/** Of each struct, by field number: pointer, inline. */
function goFields(folder) {
  const structs = new Map();
  for (const file of files(folder, /^(?!.*(_test|generated)).*\.go$/).filter((one) => dirname(one) === folder)) {
    let fields;
    for (const line of readFileSync(file, 'utf8').split('\n')) {
      const begins = /^type (\w+) struct \{/.exec(line);
      if (begins) {
        fields = new Map();
        structs.set(begins[1], fields);
      } else if (line === '}') fields = undefined;
      const tag = /^\s+(?:\w+\s+)?([*[\]\w.]+)\s+`json:"([^"]*)" protobuf:"\w+,(\d+)/.exec(line);
      if (tag && fields)
        fields.set(Number(tag[3]), { pointer: tag[1].startsWith('*'), inline: tag[2] === '' || tag[2].startsWith(',inline') });
    }
  }
  return structs;
}

const lines = [];
for (const [root, wanted] of roots) {
  for (const file of files(root, /^generated\.proto$/).sort()) {
    const text = readFileSync(file, 'utf8').replace(/\/\/.*$/gm, '');
    const packageName = /^package ([\w.]+);/m.exec(text)[1];
    const short = shortPackage(packageName);
    if (!wanted.test(packageName) || LEFT_OUT.test(short)) continue;
    const go = goFields(dirname(file));
    lines.push(`# ${short}`);
    for (const [, message, body] of text.matchAll(/^message (\w+) \{([\s\S]*?)^\}/gm)) {
      const fields = [...body.matchAll(/^\s*(optional|repeated|map<string,)\s*([\w.]+)>?\s+(\w+) = (\d+);/gm)].map(
        ([, label, type, name, number]) => {
          const { pointer = false, inline = false } = go.get(message)?.get(Number(number)) ?? {};
          const short_type = type.startsWith('.') ? shortPackage(type.slice(1)) : type;
          const form = label === 'repeated' ? '[]' : label.startsWith('map') ? '{}' : inline ? '^' : pointer ? '*' : '';
          return `${number} ${name} ${form}${short_type}`;
        },
      );
      lines.push(`${message}: ${fields.join(', ')}`);
    }
  }
}
const out = join(dirname(fileURLToPath(import.meta.url)), 'fields.ts');
writeFileSync(
  out,
  `// Written by generate.mjs from k8s.io/api and k8s.io/apimachinery ${version} (Apache-2.0); not to be changed by hand.
// After \`# package\` each line is a message: number, name and type of each field; [] repeated, {} a map of texts, * a pointer in Go, ^ inline in JSON.
// biome-ignore format: a table
export const fields = \`
${lines.join('\n')}
\`;
`,
);
