// Writes src/api.ts from openapi.yaml, which a test of the server holds against every answer:
// so what the pages read is what diastole says. `node types.mjs` writes it, `node types.mjs
// check` (make pages) fails where it is not what would be written.
import { readFile, writeFile } from "node:fs/promises";
import { parse } from "yaml";

const from = "../openapi.yaml", to = "src/api.ts";

/** A schema as TypeScript. What is not known here must stop the build: it would pass as anything. */
function type(schema, indent) {
  if (schema.$ref) return schema.$ref.split("/").at(-1);
  if ("const" in schema) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  if (schema.anyOf) return schema.anyOf.map((one) => type(one, indent)).join(" | ");
  if (schema.allOf) return [...schema.allOf.map((one) => type(one, indent)), ...(schema.properties ? [object(schema, indent)] : [])].join(" & ");
  switch (schema.type) {
    case "object": return schema.properties ? object(schema, indent) : map(schema, indent);
    case "array": return list(type(schema.items, indent));
    case "integer": case "number": return "number";
    case "boolean": case "string": return schema.type;
  }
  throw new Error(`${from}: no TypeScript for ${JSON.stringify(schema)}`);
}

const list = (item) => (/^(\w+$|\{)/.test(item) ? `${item}[]` : `(${item})[]`);

/** A map has what its names allow, and any of them may be missing. */
function map(schema, indent) {
  return `Partial<Record<${schema.propertyNames ? type(schema.propertyNames, indent) : "string"}, ${type(schema.additionalProperties, indent)}>>`;
}

function object(schema, indent) {
  const deeper = `${indent}  `;
  const lines = Object.entries(schema.properties).map(([name, property]) => {
    const sure = schema.required?.includes(name) ? "" : "?";
    return `${said(property, deeper)}${deeper}${name}${sure}: ${type(property, deeper)};\n`;
  });
  return `{\n${lines.join("")}${indent}}`;
}

function said(schema, indent) {
  return schema.description ? `${indent}/** ${schema.description.trim().replaceAll("*/", "*\\/").replaceAll("\n", `\n${indent} * `)} */\n` : "";
}

async function write() {
  const { components: { schemas } } = parse(await readFile(from, "utf8"));
  const head = "// What /api/v1 says, written by `npm run types` from openapi.yaml: change that file instead.\n// Intervals are seconds, moments RFC 3339 in UTC.\n";
  return head + Object.entries(schemas).map(([name, schema]) => `\n${said(schema, "")}export type ${name} = ${type(schema, "")};\n`).join("");
}

const written = await write();
if (process.argv[2] !== "check") await writeFile(to, written);
else if (written !== await readFile(to, "utf8")) {
  console.error(`${to} is not what openapi.yaml says: run \`npm run types\` in internal/admin/ui and look at what tsc then says`);
  process.exit(1);
}
